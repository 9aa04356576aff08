import type { Chart, ManifestView, ReferrerView } from "../../../api/mod.ts";
import { Card, DigestText, kindName, Markdown, Note, Pairs, Plain, plain, Size } from "./components/mod.ts";
import { Contents } from "./contents.tsx";
import type { View } from "./view.ts";

/** Most files, and characters of a text, that the page of an artifact shows. */
const MAX_FILES = 100;
const MAX_TEXT_CHARACTERS = 12_000;

/** Parts of an artifact: what its config says, its files, and its contents by its kind. */
export function ArtifactParts(
  { manifest, contents }: { manifest: ManifestView; contents: ReferrerView | undefined; view: View },
) {
  const { kind, facts, chart, configText, configProblem, readme } = manifest;
  return (
    <>
      {configProblem && (
        <Note tone="warn">
          <p>
            The config cannot be shown: <Plain text={configProblem} />
          </p>
        </Note>
      )}
      {facts.length > 0 && (
        <Card title={kindName(kind)}>
          <Pairs
            pairs={facts.slice(0, MAX_FILES).map((
              { name, value },
            ) => [<Plain text={name} max={80} />, <Plain text={value} />])}
          />
        </Card>
      )}
      {chart && <ChartParts chart={chart} />}
      {contents && <Contents contents={contents.contents} />}
      <Files manifest={manifest} />
      {readme && (
        <Card title="README">
          <Markdown text={readme.text} />
        </Card>
      )}
      {configText && configText.text !== "{}" && (
        <details class="box">
          <summary>Config</summary>
          <pre class="code" tabindex={0}>{plain(configText.text, MAX_TEXT_CHARACTERS)}</pre>
        </details>
      )}
    </>
  );
}

function ChartParts({ chart }: { chart: Chart }) {
  const { facts, dependencies, values, readme, problem } = chart;
  return (
    <>
      {problem && (
        <Note tone="warn">
          <p>
            The chart cannot be read: <Plain text={problem} />
          </p>
        </Note>
      )}
      {facts.length > 0 && (
        <Card title="Chart">
          <Pairs
            pairs={facts.map(({ name, value }) => [<Plain text={name} max={80} />, <Plain text={value} />])}
          />
        </Card>
      )}
      {dependencies.length > 0 && (
        <Card title="Dependencies" flush>
          <table class="fold">
            <thead>
              <tr>
                <th scope="col">Chart</th>
                <th scope="col">Version</th>
                <th scope="col">Repository</th>
              </tr>
            </thead>
            <tbody>
              {dependencies.slice(0, MAX_FILES).map(({ name, version, repository }) => (
                <tr>
                  <th scope="row">
                    <Plain text={name} max={80} />
                  </th>
                  <td>
                    <Plain text={version} max={40} />
                  </td>
                  <td>
                    <Plain text={repository} max={120} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Card>
      )}
      {readme && (
        <Card title="README">
          <Markdown text={readme.text} />
        </Card>
      )}
      {values && (
        <details class="box" open>
          <summary>values.yaml</summary>
          <pre class="code" tabindex={0}>{plain(values.text, MAX_TEXT_CHARACTERS)}</pre>
        </details>
      )}
    </>
  );
}

function Files({ manifest: { layers, parts } }: { manifest: ManifestView }) {
  if (layers.length === 0) return null;
  return (
    <Card title={`Files (${parts.total})`} flush>
      <table class="fold">
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col" class="end">Size</th>
            <th scope="col">Digest</th>
          </tr>
        </thead>
        <tbody>
          {layers.slice(0, MAX_FILES).map(({ title, mediaType, size, digest }) => (
            <tr>
              <th scope="row">
                <Plain text={title ?? "unnamed"} max={120} />
                <div class="small muted">{plain(mediaType, 120)}</div>
              </th>
              <td class="end">
                <Size bytes={size} />
              </td>
              <td>
                <DigestText digest={digest} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}
