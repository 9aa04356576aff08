import type { QuotaList, StorageList } from "../../../../api/mod.ts";
import { Badge, Card, formatBytes, formatCount, plain, ShareBar, Size } from "../components/mod.ts";
import { repositoryPath } from "../paths.ts";
import { Frame, Steps } from "./frame.tsx";

/** `/admin/storage`: bytes of each repository. */
export function StoragePage(
  { list: { repositories, next }, last }: { list: StorageList; last?: string | undefined },
) {
  const largest = Math.max(1, ...repositories.map(({ own, shared }) => own + shared));
  return (
    <Frame path="/admin/storage">
      <Card title="Storage by repository" flush>
        <p class="muted small">
          A delete of a repository frees its own bytes. Shared bytes are stored once, and other repositories
          have them too.
        </p>
        {repositories.length === 0 ? <p>There are no repositories.</p> : (
          <table class="fold">
            <thead>
              <tr>
                <th scope="col">Repository</th>
                <th scope="col" class="end">Own</th>
                <th scope="col" class="end">Shared</th>
                <th scope="col" class="end">Blobs</th>
                <th scope="col" class="end">Manifests</th>
              </tr>
            </thead>
            <tbody>
              {repositories.map(({ name, own, shared, blobs, manifests, manifestBytes, part }) => (
                <tr>
                  <th scope="row">
                    <a href={repositoryPath(name)}>{name}</a>{" "}
                    {part && <Badge title="Other pages have more of it">part</Badge>}
                    <ShareBar share={(own + shared) / largest} kind="copy" />
                  </th>
                  <td class="end" data-l="own">
                    <Size bytes={own} />
                  </td>
                  <td class="end" data-l="shared">
                    <Size bytes={shared} />
                  </td>
                  <td class="end num" data-l="blobs">{formatCount(blobs)}</td>
                  <td class="end num" data-l="manifests">
                    {formatCount(manifests)} ({formatBytes(manifestBytes)})
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Card>
      <Steps path="/admin/storage" last={last} next={next} />
    </Frame>
  );
}

/** `/admin/quotas`: quotas and their use. */
export function QuotasPage({ list: { quotas } }: { list: QuotaList }) {
  return (
    <Frame path="/admin/quotas">
      <Card title="Quotas" flush>
        {quotas.length === 0 ? <p>The configuration has no quotas.</p> : (
          <table class="fold">
            <thead>
              <tr>
                <th scope="col">Repositories</th>
                <th scope="col" class="end">Used</th>
                <th scope="col" class="end">Limit</th>
              </tr>
            </thead>
            <tbody>
              {quotas.map(({ repositories, used, limit, complete }) => (
                <tr>
                  <th scope="row">
                    <code>{plain(repositories, 200)}</code>
                    <ShareBar share={limit === 0 ? 1 : Math.min(1, used / limit)} kind="copy" />
                  </th>
                  <td class="end" data-l="used">
                    <Size bytes={used} /> {!complete && <Badge>at least</Badge>}
                  </td>
                  <td class="end" data-l="of">
                    <Size bytes={limit} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Card>
    </Frame>
  );
}
