import type { RepositoryList, RepositorySummary } from "../../../api/mod.ts";
import {
  Age,
  bounded,
  By,
  Card,
  Command,
  Head,
  KindBadge,
  Pager,
  Plain,
  pushCommands,
  Size,
} from "./components/mod.ts";
import { manifestPath, query, repositoryPath } from "./paths.ts";
import type { View } from "./view.ts";

/** Request and data of the page of all repositories. */
export interface RepositoriesPageProps {
  /** Repositories of this page. */
  list: RepositoryList;
  /** Text that their names contain. */
  q?: string | undefined;
  /** Name after which this page begins; absent on the first one. */
  last?: string | undefined;
  /** Values besides the data. */
  view: View;
}

/** Page of the repositories that the caller may pull from. */
export function RepositoriesPage({ list, q, last, view }: RepositoriesPageProps) {
  const { repositories, next } = list;
  if (repositories.length === 0 && !q && !last && next === undefined) return <FirstPush view={view} />;
  return (
    <>
      <Head title="Repositories">
        <form class="line" action="/" method="get" role="search">
          <label>
            <span class="visually-hidden">Filter repositories by name</span>
            <input
              name="q"
              type="search"
              value={q ?? ""}
              placeholder="Filter by name"
              data-filter="repositories"
              autocomplete="off"
            />
          </label>
          <button type="submit">Filter</button>
          {q && <a class="button" href="/">Show all</a>}
          <span id="repositories-count" class="muted small" role="status"></span>
        </form>
      </Head>
      <Card flush>
        {repositories.length === 0
          ? (
            <p>
              No repository on this page matches{" "}
              <b>
                <Plain text={q ?? ""} max={100} />
              </b>.
            </p>
          )
          : (
            <ul class="rows" id="repositories">
              {repositories.map((item) => <Row item={item} now={view.now} />)}
            </ul>
          )}
      </Card>
      <Pager
        first={last === undefined ? undefined : `/${query({ q })}`}
        next={next === undefined ? undefined : `/${query({ q, last: next })}`}
      />
    </>
  );
}

function Row(
  { item: { name, newest, tags, bytes, pulledAt }, now }: { item: RepositorySummary; now: number },
) {
  return (
    <li>
      <div class="top-line">
        <a class="name" href={repositoryPath(name)}>{name}</a>
        {newest && <KindBadge kind={newest.kind} />}
      </div>
      <ul class="facts">
        {newest && (
          <li>
            newest <a href={manifestPath(name, newest.tag)}>{newest.tag}</a>
          </li>
        )}
        <li>{bounded(tags, "tag")}</li>
        {newest?.size !== undefined && (
          <li>
            <Size bytes={newest.size} />
          </li>
        )}
        {bytes !== undefined && (
          <li>
            <Size bytes={bytes} /> in total
          </li>
        )}
        {newest && (
          <li>
            pushed <Age at={Date.parse(newest.pushedAt)} now={now} />
            <By principal={newest.pushedBy} />
          </li>
        )}
        {pulledAt && (
          <li>
            pulled <Age at={Date.parse(pulledAt)} now={now} />
          </li>
        )}
      </ul>
    </li>
  );
}

function FirstPush({ view: { host, loginRequired } }: { view: View }) {
  return (
    <>
      <Head title="Repositories" />
      <Card title="Push the first image">
        <p>
          This registry has no repository that you may see. A repository begins to exist with the first push
          to its name.
        </p>
        {pushCommands(host, loginRequired).map(({ name, text }) => <Command name={name} text={text} />)}
        <p class="muted small">
          podman, skopeo, crane, regctl, oras and helm work as well. A registry without TLS needs an option of
          the client, such as <code>--tls-verify=false</code> of podman.
        </p>
      </Card>
    </>
  );
}
