import type { ChildChange, Diff, DiffSide, LayerChange, ValueChange } from "../../../api/mod.ts";
import {
  Age,
  Badge,
  Bar,
  Card,
  DigestText,
  formatBytes,
  Head,
  kindName,
  Note,
  parseInstruction,
  plain,
  platformText,
  plural,
  shortDigest,
  Size,
  Tile,
  type Tone,
} from "./components/mod.ts";
import { diffPath, isDigest, manifestPath, repositoryPath } from "./paths.ts";
import type { View } from "./view.ts";

/** Data of the page that compares. */
export interface DiffPageProps {
  /** Name of the repository. */
  name: string;
  /** The comparison; absent until two references are chosen. */
  diff?: Diff | undefined;
  /** References as they are in the form. */
  from: string;
  /** References as they are in the form. */
  to: string;
  /** Values besides the data. */
  view: View;
}

/** Page that compares two tags or digests. */
export function DiffPage({ name, diff, from, to, view }: DiffPageProps) {
  return (
    <>
      <Head
        title="Compare"
        crumbs={[{ text: "Repositories", href: "/" }, { text: name, href: repositoryPath(name) }, {
          text: "Compare",
        }]}
      >
        <form class="line" method="get" action={`/r/${name}/-/diff`}>
          <label>
            <span>From tag or digest</span>
            <input name="from" value={from} required autocomplete="off" />
          </label>
          <label>
            <span>To tag or digest</span>
            <input name="to" value={to} required autocomplete="off" />
          </label>
          <button type="submit" class="main">Compare</button>
          {diff && <a class="button" href={diffPath(name, to, from)}>Swap</a>}
        </form>
      </Head>
      {diff && <Comparison diff={diff} view={view} />}
    </>
  );
}

function Comparison({ diff, view }: { diff: Diff; view: View }) {
  const { from, to, same, bytes, layers, values, children, complete } = diff;
  if (same) {
    return (
      <Note tone="good">
        <p>
          Both are the same manifest:{" "}
          <DigestText digest={to.digest} href={manifestPath(to.name, to.digest)} />
        </p>
      </Note>
    );
  }
  return (
    <>
      <div class="tiles">
        <Side label="From" side={from} view={view} />
        <Side label="To" side={to} view={view} />
        {from.size !== undefined && to.size !== undefined && (
          <Tile
            value={`${to.size >= from.size ? "+" : "−"}${formatBytes(Math.abs(to.size - from.size))}`}
            label="size"
          />
        )}
        {layers.length > 0 && (
          <Tile value={formatBytes(bytes.added)} label="to pull for clients that have the first" />
        )}
      </div>
      {!complete && (
        <Note tone="warn">
          <p>The comparison is not complete: there are too many parts, or a config cannot be read.</p>
        </Note>
      )}
      {values.length > 0 && <Values values={values} />}
      {children.length > 0 && <Platforms name={to.name} platforms={children} />}
      {layers.length > 0 && <Layers layers={layers} bytes={bytes} />}
    </>
  );
}

function Side(
  { label, side: { name, reference, digest, kind, size, pushedAt }, view }: {
    label: string;
    side: DiffSide;
    view: View;
  },
) {
  const text = isDigest(reference) ? shortDigest(reference) : reference;
  return (
    <div class="tile">
      <span>{label}</span>
      <b>
        <a href={manifestPath(name, reference)}>{text}</a>
      </b>
      <span>
        {kindName(kind)}
        {size !== undefined && (
          <>
            , <Size bytes={size} />
          </>
        )}, pushed <Age at={Date.parse(pushedAt)} now={view.now} />
      </span>
      <div>
        <DigestText digest={digest} />
      </div>
    </div>
  );
}

const CHANGES: Readonly<Record<string, { tone?: Tone; mark: string }>> = {
  added: { tone: "good", mark: "+ added" },
  removed: { tone: "bad", mark: "− removed" },
  changed: { tone: "warn", mark: "~ changed" },
  same: { mark: "= same" },
};

function Change({ change }: { change: string }) {
  const { tone, mark } = CHANGES[change]!;
  return tone === undefined ? <span class="muted nowrap">{mark}</span> : <Badge tone={tone}>{mark}</Badge>;
}

/** Names of the fields of a configuration. */
const FIELDS: Readonly<Record<ValueChange["field"], string>> = {
  annotation: "Annotation",
  artifactType: "Artifact type",
  author: "Author",
  command: "Command",
  created: "Created",
  entrypoint: "Entrypoint",
  environment: "Environment",
  label: "Label",
  mediaType: "Media type",
  platform: "Platform",
  port: "Port",
  stopSignal: "Stop signal",
  user: "User",
  volume: "Volume",
  workingDir: "Working directory",
};

/** Most rows of a table. */
const MAX_ROWS = 120;

function Values({ values }: { values: ValueChange[] }) {
  return (
    <Card title={`Configuration (${plural(values.length, "change")})`} flush>
      <table class="fold">
        <thead>
          <tr>
            <th scope="col">Value</th>
            <th scope="col">From</th>
            <th scope="col">To</th>
          </tr>
        </thead>
        <tbody>
          {values.slice(0, MAX_ROWS).map(({ field, name, before, after }) => (
            <tr>
              <th scope="row">{FIELDS[field]} {name && <code>{plain(name, 100)}</code>}</th>
              <td data-l="From">
                {before === undefined ? <span class="muted">not set</span> : (
                  <del>
                    <code>{plain(before, 240)}</code>
                  </del>
                )}
              </td>
              <td data-l="To">
                {after === undefined ? <span class="muted">not set</span> : (
                  <ins>
                    <code>{plain(after, 240)}</code>
                  </ins>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function Platforms({ name, platforms }: { name: string; platforms: ChildChange[] }) {
  return (
    <Card title="Platforms" flush>
      <table class="fold">
        <thead>
          <tr>
            <th scope="col">Platform</th>
            <th scope="col">Change</th>
            <th scope="col">Layers</th>
            <th scope="col">Compare</th>
          </tr>
        </thead>
        <tbody>
          {platforms.slice(0, MAX_ROWS).map(({ change, platform, before, after, layers }) => (
            <tr>
              <th scope="row">
                {platform ? platformText(platform) : shortDigest((after ?? before)?.digest ?? "")}
              </th>
              <td>
                <Change change={change} />
              </td>
              <td>
                {layers &&
                  `${layers.same} shared, ${layers.added} added (${
                    formatBytes(layers.addedBytes)
                  }), ${layers.removed} removed`}
              </td>
              <td>
                {before && after && change === "changed" && (
                  <a href={diffPath(name, before.digest, after.digest)}>
                    Layers and configuration{platform && ` of ${platformText(platform)}`}
                  </a>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function Layers({ layers, bytes }: { layers: LayerChange[]; bytes: Diff["bytes"] }) {
  return (
    <Card title="Layers" flush>
      <div class="pad stack">
        <Bar
          label={`${formatBytes(bytes.same)} shared, ${formatBytes(bytes.added)} added, ${
            formatBytes(bytes.removed)
          } removed`}
          parts={[{ size: bytes.same, kind: "base" }, { size: bytes.added, kind: "good" }, {
            size: bytes.removed,
            kind: "bad",
          }]}
        />
        <ul class="key">
          <li>
            <i class="base"></i>shared {formatBytes(bytes.same)}
          </li>
          <li>
            <i class="good"></i>added {formatBytes(bytes.added)}
          </li>
          <li>
            <i class="bad"></i>removed {formatBytes(bytes.removed)}
          </li>
        </ul>
      </div>
      <table class="fold">
        <thead>
          <tr>
            <th scope="col">Change</th>
            <th scope="col">Instruction</th>
            <th scope="col" class="end">Size</th>
            <th scope="col">Digest</th>
          </tr>
        </thead>
        <tbody>
          {layers.slice(0, MAX_ROWS).map(({ change, digest, size, title, createdBy }) => (
            <tr {...(change === "same" ? {} : { class: change })}>
              <td>
                <Change change={change} />
              </td>
              <td class="wide">
                {createdBy
                  ? <Instruction text={createdBy} />
                  : <span class="muted">{plain(title ?? "no instruction is recorded", 120)}</span>}
              </td>
              <td class="end">
                <Size bytes={size} />
              </td>
              <td>
                <DigestText digest={digest} copy={false} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function Instruction({ text }: { text: string }) {
  const { keyword, text: rest } = parseInstruction(text);
  return (
    <>
      {keyword && <Badge>{keyword}</Badge>} <code>{plain(rest, 120)}</code>
    </>
  );
}
