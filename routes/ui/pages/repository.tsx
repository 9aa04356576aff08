import type { Repository, TagDetail, TagList } from "../../../api/mod.ts";
import { deletePath, historyPath, manifestPath, repositoryPath } from "./paths.ts";
import { SafeLink } from "../safe_link.tsx";
import {
  Age,
  Badge,
  bounded,
  By,
  Card,
  Command,
  DigestText,
  Head,
  KindBadge,
  Markdown,
  Pager,
  Pairs,
  Plain,
  plain,
  Platforms,
  pullCommands,
  Size,
} from "./components/mod.ts";
import type { View } from "./view.ts";

/** Orders of a list of tags, and their names. */
export const TAG_ORDERS = { newest: "Newest first", name: "By name" } as const;

/** Request and data of the page of a repository. */
export interface RepositoryPageProps {
  /** The repository. */
  repository: Repository;
  /** Tags of this page. */
  list: TagList;
  /** Text that the tags contain. */
  q?: string | undefined;
  /** Position after which this page of tags begins. */
  last?: string | undefined;
  /** Order of the tags. */
  sort: keyof typeof TAG_ORDERS;
  /** Values besides the data. */
  view: View;
}

/** Page of a repository: its README, its tags and the commands to pull. */
export function RepositoryPage(props: RepositoryPageProps) {
  const { repository, view } = props;
  const { name, description, title, newest, tags, bytes, pulledAt } = repository;
  return (
    <>
      <Head
        title={name}
        crumbs={[{ text: "Repositories", href: "/" }, { text: name }]}
        facts={[
          newest && <KindBadge kind={newest.kind} />,
          bounded(tags, "tag"),
          newest && (
            <>
              pushed <Age at={Date.parse(newest.pushedAt)} now={view.now} />
            </>
          ),
          pulledAt && (
            <>
              pulled <Age at={Date.parse(pulledAt)} now={view.now} />
            </>
          ),
          bytes !== undefined && (
            <>
              <Size bytes={bytes} /> in total
            </>
          ),
        ]}
      >
        {(description ?? title) && (
          <p>
            <Plain text={description ?? title ?? ""} max={600} />
          </p>
        )}
      </Head>
      <div class="split">
        <div class="stack">
          <Tags {...props} />
          {repository.readme && props.last === undefined && props.q === undefined && (
            <Card title="README">
              <Markdown text={repository.readme.text} />
              {repository.readme.truncated && (
                <p class="muted">The README has more text than this page shows.</p>
              )}
            </Card>
          )}
        </div>
        <aside class="stack" aria-label="About this repository">
          {newest && (
            <Card title="Pull the newest tag">
              {pullCommands(view.host, name, { tag: newest.tag }, newest.kind).map((command) => (
                <Command {...command} />
              ))}
              <p class="small">
                <a href={manifestPath(name, newest.tag)}>Commands pinned by digest</a>
              </p>
            </Card>
          )}
          <About repository={repository} />
        </aside>
      </div>
    </>
  );
}

function About({ repository }: { repository: Repository }) {
  const { vendor, licenses, source, url, documentation, immutable, deletes, signatures, rights } = repository;
  return (
    <Card title="About">
      <Pairs
        pairs={[
          ["Source", source && <ExternalLink url={source} />],
          ["Website", url && <ExternalLink url={url} />],
          ["Documentation", documentation && <ExternalLink url={documentation} />],
          ["Licences", licenses && <Plain text={licenses} max={120} />],
          ["Vendor", vendor && <Plain text={vendor} max={120} />],
          [
            "Signatures",
            signatures && (signatures === "enforce" ? "required for pulls" : "checked, not required"),
          ],
          [
            "Immutable tags",
            immutable.length > 0
              ? immutable.map((pattern) => (
                <>
                  <code>{plain(pattern, 80)}</code>
                  {" "}
                </>
              ))
              : undefined,
          ],
          ["You may", rights.join(", ")],
          [
            "Repository",
            rights.includes("administer") ? <a href={deletePath(repository.name)}>Delete it</a> : undefined,
          ],
          ["Deletes", deletes.tags || deletes.manifests ? undefined : "disabled by the configuration"],
        ]}
      />
    </Card>
  );
}

/** Link to a URL that a client has pushed; text if its scheme is not safe. */
export function ExternalLink({ url }: { url: string }) {
  return (
    <SafeLink url={url}>
      <bdi>{plain(url.replace(/^https?:\/\//, ""), 80)}</bdi>
    </SafeLink>
  );
}

function Tags({ repository: { name }, list, q, last, sort, view }: RepositoryPageProps) {
  const { tags, total, complete, next } = list;
  const to = (position?: string) =>
    repositoryPath(name, { q, sort: sort === "newest" ? undefined : sort, last: position });
  return (
    <>
      <Card title={`Tags (${bounded(total, "tag").replace(/ tags?$/, "")})`} flush id="tags-card">
        <div class="pad">
          <form class="line" action={repositoryPath(name)} method="get" role="search">
            <label>
              <span class="visually-hidden">Filter tags</span>
              <input
                name="q"
                type="search"
                value={q ?? ""}
                placeholder="Filter tags"
                data-filter="tags"
                autocomplete="off"
              />
            </label>
            <label>
              <span class="visually-hidden">Order</span>
              <select name="sort">
                {Object.entries(TAG_ORDERS).map(([value, text]) => (
                  <option value={value} selected={value === sort}>{text}</option>
                ))}
              </select>
            </label>
            <button type="submit">Show</button>
            <span id="tags-count" class="muted small" role="status"></span>
          </form>
        </div>
        {!complete && (
          <p class="muted small">
            This repository has more tags than a sorted list considers. Filter by name to find the others.
          </p>
        )}
        {tags.length === 0
          ? <p>{q ? "No tag matches the filter." : "This repository has no tags."}</p>
          : (
            <form action={`/r/${name}/-/diff`} method="get">
              <table class="fold">
                <thead>
                  <tr>
                    <th scope="col">
                      <span id="from">From</span> <span id="to">To</span>
                    </th>
                    <th scope="col">Tag</th>
                    <th scope="col">Size</th>
                    <th scope="col">Pushed</th>
                    <th scope="col">Digest</th>
                  </tr>
                </thead>
                <tbody id="tags">
                  {tags.map((tag, index) => (
                    <TagRow name={name} tag={tag} index={index} count={tags.length} now={view.now} />
                  ))}
                </tbody>
              </table>
              {tags.length > 1 && (
                <div class="pad">
                  <button type="submit" class="main">Compare the selected two</button>
                </div>
              )}
            </form>
          )}
      </Card>
      <Pager first={last === undefined ? undefined : to()} next={next === undefined ? undefined : to(next)} />
    </>
  );
}

function TagRow(
  { name, tag, index, count, now }: {
    name: string;
    tag: TagDetail;
    index: number;
    count: number;
    now: number;
  },
) {
  const { pushedAt, pushedBy, pulledAt, size, moves, platforms, immutable } = tag;
  return (
    <tr>
      <td class="nowrap" data-l="From, to">
        {count > 1 && (
          <span class="pick">
            <input
              type="radio"
              name="from"
              value={tag.tag}
              checked={index === 1}
              aria-labelledby={`from t${index}`}
            />
            <input
              type="radio"
              name="to"
              value={tag.tag}
              checked={index === 0}
              aria-labelledby={`to t${index}`}
            />
          </span>
        )}
      </td>
      <th scope="row">
        <a id={`t${index}`} href={manifestPath(name, tag.tag)}>{tag.tag}</a>{" "}
        {immutable && <Badge title="No push may move it">immutable</Badge>}
        <Platforms platforms={platforms} />
      </th>
      <td>{size !== undefined && <Size bytes={size} />}</td>
      <td>
        <Age at={Date.parse(pushedAt)} now={now} />
        <By principal={pushedBy} />
        {moves > 1 && (
          <div class="small">
            <a href={historyPath(name, tag.tag)}>{moves} moves</a>
          </div>
        )}
        {pulledAt && (
          <div class="small muted">
            pulled <Age at={Date.parse(pulledAt)} now={now} />
          </div>
        )}
      </td>
      <td>
        <DigestText digest={tag.digest} />
      </td>
    </tr>
  );
}
