import type { CollectionPreview, OpenUploadList, RetentionPreview } from "../../../../api/mod.ts";
import { Age, By, Card, formatCount, plain, plural, Size } from "../components/mod.ts";
import { manifestPath, repositoryPath } from "../paths.ts";
import { Frame, Steps } from "./frame.tsx";

/** `/admin/uploads`: open uploads. */
export function UploadsPage(
  { list: { uploads, next }, last, now }: { list: OpenUploadList; last?: string | undefined; now: number },
) {
  return (
    <Frame path="/admin/uploads">
      <Card title="Open uploads" flush>
        {uploads.length === 0
          ? <p>{next === undefined ? "No upload is open." : "None here. The next page may have some."}</p>
          : (
            <table class="fold">
              <thead>
                <tr>
                  <th scope="col">Repository</th>
                  <th scope="col">Account</th>
                  <th scope="col" class="end">Received</th>
                  <th scope="col">State</th>
                  <th scope="col">Expires</th>
                  <th scope="col">Action</th>
                </tr>
              </thead>
              <tbody>
                {uploads.map(({ id, repository, principal, bytes, state, expiresAt }) => (
                  <tr>
                    <th scope="row">
                      <a href={repositoryPath(repository)}>{repository}</a>
                    </th>
                    <td>
                      <By principal={principal} />
                    </td>
                    <td class="end">
                      <Size bytes={bytes} />
                    </td>
                    <td>{state}</td>
                    <td>
                      <Age at={Date.parse(expiresAt)} now={now} />
                    </td>
                    <td>
                      <form action="/admin/uploads/cancel" method="post">
                        <input type="hidden" name="id" value={id} />
                        <button type="submit">
                          Cancel<span class="visually-hidden">{` the upload to ${repository}`}</span>
                        </button>
                      </form>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
      </Card>
      <Steps path="/admin/uploads" last={last} next={next} />
    </Frame>
  );
}

/** Most rows of a preview. */
const MAX_ROWS = 150;

/** `/admin/collection`: garbage that a full pass would remove. */
export function CollectionPage(
  { preview: { scanned, removals, next }, last }: { preview: CollectionPreview; last?: string | undefined },
) {
  return (
    <Frame path="/admin/collection">
      <Card
        title="A full pass would remove"
        side={<span class="muted small">{plural(scanned, "item")} of this step looked at</span>}
        flush
      >
        {removals.length === 0
          ? <p>{next === undefined ? "Nothing." : "Nothing in this step."}</p>
          : (
            <table class="fold">
              <thead>
                <tr>
                  <th scope="col">Kind</th>
                  <th scope="col">Content</th>
                  <th scope="col">Reason</th>
                </tr>
              </thead>
              <tbody>
                {removals.slice(0, MAX_ROWS).map(({ kind, name, reason, repository, size }) => (
                  <tr>
                    <th scope="row">{plain(kind, 40)}</th>
                    <td>
                      <code>{plain(name, 160)}</code>{" "}
                      {repository && <a href={repositoryPath(repository)}>{repository}</a>}{" "}
                      {size !== undefined && <Size bytes={size} />}
                    </td>
                    <td>{plain(reason, 160)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        {removals.length > MAX_ROWS && (
          <p class="muted small">and {formatCount(removals.length - MAX_ROWS)} more</p>
        )}
      </Card>
      <Steps path="/admin/collection" last={last} next={next} />
    </Frame>
  );
}

/** `/admin/retention?repository=`: tags and manifests that retention would remove. */
export function RetentionPage({ name, preview }: { name: string; preview?: RetentionPreview | undefined }) {
  return (
    <Frame path="/admin/retention">
      <Card>
        <form class="line" action="/admin/retention" method="get">
          <label>
            <span>Repository</span>
            <input name="repository" value={name} required maxlength={255} autocapitalize="none" />
          </label>
          <button type="submit" class="main">Preview</button>
        </form>
      </Card>
      {preview && <Retirements preview={preview} />}
    </Frame>
  );
}

function Retirements({ preview: { name, rules, retirements, complete } }: { preview: RetentionPreview }) {
  return (
    <Card
      title={`Retention in ${name}`}
      side={<span class="muted small">{plural(rules, "rule")}</span>}
      flush
    >
      {retirements.length === 0
        ? <p>{rules === 0 ? "No rule applies, so nothing is removed." : "Nothing would be removed now."}</p>
        : (
          <table class="fold">
            <thead>
              <tr>
                <th scope="col">Kind</th>
                <th scope="col">Name</th>
                <th scope="col">Reason</th>
              </tr>
            </thead>
            <tbody>
              {retirements.slice(0, MAX_ROWS).map(({ kind, name: target, reason }) => (
                <tr>
                  <td>{kind}</td>
                  <th scope="row">
                    <a href={manifestPath(name, target)}>{target}</a>
                  </th>
                  <td>{plain(reason, 160)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      {(!complete || retirements.length > MAX_ROWS) && (
        <p class="muted small">There are more than this page shows.</p>
      )}
    </Card>
  );
}
