import type { ManifestView, ReferrerView, SignatureView } from "../../../api/mod.ts";
import type { Action } from "../../../oci/mod.ts";
import {
  Age,
  Annotations,
  By,
  Card,
  Command,
  DigestText,
  formatCount,
  Head,
  KindBadge,
  Note,
  Pairs,
  plain,
  pullCommands,
  shortDigest,
  Size,
  Tabs,
} from "./components/mod.ts";
import { ArtifactParts } from "./artifact.tsx";
import { ImageParts } from "./image.tsx";
import { IndexParts } from "./index_parts.tsx";
import {
  deletePath,
  diffPath,
  historyPath,
  isDigest,
  manifestPath,
  movePath,
  referrersPath,
  repositoryPath,
} from "./paths.ts";
import { Signatures } from "./signatures.tsx";
import type { View } from "./view.ts";

/** Data of the page of a manifest. */
export interface ManifestPageProps {
  /** The manifest. */
  manifest: ManifestView;
  /** Contents, if it is a signature, an SBOM or the like. */
  contents?: ReferrerView | undefined;
  /** Signatures, if they are verified. */
  signatures?: SignatureView | undefined;
  /** Rights of the viewer here. */
  rights: ReadonlySet<Action>;
  /** Values besides the data. */
  view: View;
}

/** Page of an image, an index or an artifact. */
export function ManifestPage({ manifest, contents, signatures, rights, view }: ManifestPageProps) {
  const { name, kind, subject } = manifest;
  return (
    <>
      <ManifestHead manifest={manifest} view={view} />
      <ManifestTabs manifest={manifest} current="overview" />
      {subject && <Subject name={name} subject={subject} />}
      <div class="split">
        <div class="stack">
          {kind === "index"
            ? <IndexParts manifest={manifest} />
            : kind === "image"
            ? <ImageParts manifest={manifest} />
            : <ArtifactParts manifest={manifest} contents={contents} view={view} />}
          <Annotations annotations={manifest.annotations} title="Annotations" />
          <Raw manifest={manifest} host={view.host} />
        </div>
        <aside class="stack" aria-label="Pull and place">
          <Pull manifest={manifest} host={view.host} />
          {signatures && <Signatures name={name} report={signatures} now={view.now} />}
          <Place manifest={manifest} />
          <Changes manifest={manifest} rights={rights} />
        </aside>
      </div>
    </>
  );
}

/** Heading of the pages of a manifest. */
export function ManifestHead({ manifest, view }: { manifest: ManifestView; view: View }) {
  const { name, reference, digest, kind, artifactType, size, pushedAt, pushedBy } = manifest;
  const short = isDigest(reference) ? shortDigest(reference) : reference;
  return (
    <Head
      title={
        <>
          <span class="muted">{name.slice(name.lastIndexOf("/") + 1)}{isDigest(reference) ? "@" : ":"}</span>
          {short}
        </>
      }
      crumbs={[{ text: "Repositories", href: "/" }, { text: name, href: repositoryPath(name) }, {
        text: short,
      }]}
      facts={[
        <KindBadge kind={kind} type={artifactType} />,
        size !== undefined && <Size bytes={size} />,
        <>
          pushed <Age at={Date.parse(pushedAt)} now={view.now} />
          <By principal={pushedBy} />
        </>,
        <DigestText digest={digest} />,
      ]}
    />
  );
}

/** Links between the pages of a manifest. */
export function ManifestTabs(
  { manifest, current }: { manifest: ManifestView; current: "overview" | "referrers" },
) {
  const { name, reference, digest, referrers } = manifest;
  const paths = { overview: manifestPath(name, reference), referrers: referrersPath(name, digest) };
  const tabs: [string, string][] = [
    [paths.overview, "Overview"],
    [paths.referrers, `Referrers (${formatCount(referrers.count)}${referrers.more ? "+" : ""})`],
  ];
  if (!isDigest(reference)) {
    tabs.push([historyPath(name, reference), "History"], [diffPath(name, "", reference), "Compare"]);
  }
  return <Tabs label="Views of this manifest" current={paths[current]} tabs={tabs} />;
}

function Subject({ name, subject }: { name: string; subject: NonNullable<ManifestView["subject"]> }) {
  return (
    <Note>
      <p>
        Attached to{" "}
        <a href={manifestPath(name, subject.digest)}>
          <code>{shortDigest(subject.digest)}</code>
        </a>
        {!subject.exists && ", which this repository does not have"}
      </p>
    </Note>
  );
}

function Pull(
  { manifest: { name, reference, digest, kind }, host }: { manifest: ManifestView; host: string },
) {
  const pinned = pullCommands(host, name, { digest }, kind);
  return (
    <Card title="Pull">
      {!isDigest(reference) &&
        pullCommands(host, name, { tag: reference }, kind).map((command) => <Command {...command} />)}
      <h3>Pinned by digest</h3>
      {pinned.map((command) => <Command {...command} name={`${command.name}, by digest`} />)}
    </Card>
  );
}

function Place(
  { manifest: { name, tags, indexes, subject, config, manifestSize, mediaType, artifactType } }: {
    manifest: ManifestView;
  },
) {
  const isKept = indexes.items.length > 0 || subject !== undefined;
  const untagged = isKept ? "none" : "none: retention may remove it";
  return (
    <Card title="Where it is">
      <Pairs
        pairs={[
          [
            "Tags",
            tags.items.length === 0 ? untagged : (
              <span class="badges">
                {tags.items.map((tag) => <a class="badge" href={manifestPath(name, tag)}>{tag}</a>)}
                {tags.more && <span class="muted">and more</span>}
              </span>
            ),
          ],
          [
            "In indexes",
            indexes.items.length === 0 ? undefined : (
              <>
                {indexes.items.map(({ digest, tags }) => (
                  <div>
                    <DigestText digest={digest} href={manifestPath(name, digest)} copy={false} />{" "}
                    {tags.join(", ")}
                  </div>
                ))}
                {indexes.more && <span class="muted">and more</span>}
              </>
            ),
          ],
          ["Media type", <code>{plain(mediaType, 200)}</code>],
          ["Artifact type", artifactType && <code>{plain(artifactType, 200)}</code>],
          ["Config", config && <DigestText digest={config.digest} />],
          ["Manifest", <Size bytes={manifestSize} />],
        ]}
      />
    </Card>
  );
}

/** Links to the pages that change the tag or the manifest. */
function Changes(
  { manifest: { name, reference, digest }, rights }: Pick<ManifestPageProps, "manifest" | "rights">,
) {
  if (!rights.has("push") && !rights.has("delete")) return null;
  return (
    <Card title="Change">
      <div class="actions">
        {rights.has("push") && <a class="button" href={movePath(name, { digest })}>Tag this manifest</a>}
        {rights.has("delete") && !isDigest(reference) && (
          <a class="button" href={deletePath(name, { tag: reference })}>Delete the tag</a>
        )}
        {rights.has("delete") && (
          <a class="button" href={deletePath(name, { digest })}>
            Delete the manifest
          </a>
        )}
      </div>
    </Card>
  );
}

/** Most characters of a manifest that a page shows. */
const MAX_RAW_CHARACTERS = 4000;

function Raw({ manifest, host }: { manifest: ManifestView; host: string }) {
  const { name, digest, manifest: { text, truncated } } = manifest;
  const formatted = indent(text);
  const isCut = truncated || formatted.length > MAX_RAW_CHARACTERS;
  return (
    <details class="box">
      <summary>Manifest as it was pushed</summary>
      <pre class="code" tabindex={0}>{plain(formatted, MAX_RAW_CHARACTERS)}</pre>
      {isCut && (
        <p class="small">
          The page shows the beginning. All of it:{" "}
          <code>{`oras manifest fetch ${host}/${name}@${digest}`}</code>
        </p>
      )}
    </details>
  );
}

/** JSON with indentation; other text as it is. */
function indent(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
