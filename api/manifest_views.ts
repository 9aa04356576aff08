import { type Digest, isDigest, type Reference, RegistryError, type RepositoryName } from "../oci/mod.ts";
import type { Caller, Explorer } from "../registry/interface.ts";
import { inParallel } from "../storage/ports.ts";
import type { PartRequest } from "./api.ts";
import { isIndexType, kindOf } from "./artifact_kind.ts";
import { factsOfConfig } from "./artifact_facts.ts";
import { MAX_ARCHIVE_BYTES, readChart } from "./chart.ts";
import { readImage } from "./image_config.ts";
import { type KnownManifest, type Library, MAX_BATCH, type ReadManifest } from "./library.ts";
import { attestedBy, type ManifestDocument, type Part, sizeWithContent } from "./manifest_document.ts";
import type { CoreOptions } from "./options.ts";
import { assertSees, pushedBy } from "./sight.ts";
import { sizeOfKnown } from "./tag_lists.ts";
import { jsonIn, textIn } from "./texts.ts";
import type { ArtifactKind, Child, Image, Layer, ManifestView, Text } from "./schemas/mod.ts";
import { digestIn, member, timeOf } from "./values.ts";

/** Layers, or children, of one answer. */
const MAX_LAYERS = 200;
const MAX_CHILDREN = MAX_BATCH;

/** Tags that point to a manifest, and indexes that contain it, in one answer. */
const MAX_TAGS = 50;
const MAX_INDEXES = 5;

/** Referrers that are counted. */
const MAX_COUNTED = 1000;

/** Bytes of a config that is read. Configs of images have a few kilobytes. */
export const MAX_CONFIG_BYTES = 1024 * 1024;

/** Bytes of the manifest in an answer. */
const MAX_MANIFEST_TEXT_BYTES = 32 * 1024;

/** Config of a manifest, with what it says. */
export interface ReadConfig {
  /** Config of an image. */
  image?: Image;
  /** Config of an artifact as text. */
  text?: Text;
  /** Config of an artifact as JSON. */
  json?: unknown;
  /** Reason why it was not read. */
  problem?: string;
}

/** Views of manifests. */
export class ManifestViews {
  readonly #explorer: Explorer;
  readonly #library: Library;

  /** Views over the explorer. */
  constructor({ explorer }: CoreOptions, library: Library) {
    this.#explorer = explorer;
    this.#library = library;
  }

  /**
   * Manifest under a reference. One request for a tag and one for the manifest; then at the same time tags (2), indexes
   * (1, and one for all of them, and two for each), referrers (1), subject (1), children (1), and up to two blobs.
   */
  async view(
    caller: Caller,
    repository: RepositoryName,
    reference: Reference,
    { from = 0 }: PartRequest = {},
  ): Promise<ManifestView> {
    const read = await this.find(caller, repository, reference);
    const { digest, document } = read;
    const [tags, indexes, referrers, subject, parts, content] = await Promise.all([
      this.#explorer.tagsOf(repository, digest, MAX_TAGS),
      this.#indexesOf(repository, digest),
      this.#explorer.countReferrers(repository, digest, MAX_COUNTED),
      this.#subjectOf(repository, document),
      this.#partsOf(repository, read, from),
      this.#contentOf(repository, document),
    ]);
    return {
      name: repository,
      reference: "tag" in reference ? reference.tag : digest,
      digest,
      mediaType: read.mediaType,
      kind: document.kind,
      manifestSize: read.size,
      pushedAt: timeOf(read.pushedAt),
      annotations: document.annotations,
      tags,
      indexes,
      referrers,
      manifest: textIn(read.bytes, read.mediaType, MAX_MANIFEST_TEXT_BYTES),
      ...parts,
      layers: withInstructions(parts.layers, from, content.image),
      ...content,
      ...member("artifactType", document.artifactType),
      ...member("subject", subject),
      ...pushedBy(caller, repository, read.pushedBy),
    };
  }

  /**
   * Manifest under a reference. Two requests for a tag, one for a digest, and two more for a large manifest.
   *
   * @throws {RegistryError} `NAME_UNKNOWN` without the right to pull, `MANIFEST_UNKNOWN` if it does not exist.
   */
  async find(caller: Caller, repository: RepositoryName, reference: Reference): Promise<ReadManifest> {
    assertSees(caller, repository);
    const digest = "digest" in reference
      ? reference.digest
      : (await this.#explorer.tagsNamed(repository, [reference.tag]))[0]?.digest;
    const read = digest && await this.#library.manifest(repository, digest);
    if (read !== undefined) return read;
    throw new RegistryError("MANIFEST_UNKNOWN", "Manifest not found in the repository", {
      detail: { ...reference },
    });
  }

  /** Config of an image or an artifact. Up to two requests. */
  async readConfig(repository: RepositoryName, document: ManifestDocument): Promise<ReadConfig> {
    const { config, layers } = document;
    if (config === undefined || config.size <= 2) return {};
    const content = await this.#library.blob(repository, config.digest, MAX_CONFIG_BYTES);
    if ("problem" in content) return content;
    const json = jsonIn(content.bytes);
    if (/^application\/vnd\.(oci\.image\.config|docker\.container\.image)\./.test(config.mediaType)) {
      return json === undefined
        ? { problem: "The config is not JSON" }
        : { image: readImage(json, layers.length) };
    }
    const text = textIn(content.bytes, config.mediaType);
    return { text, ...member("json", json) };
  }

  async #contentOf(repository: RepositoryName, document: ManifestDocument) {
    const [{ image, text, json, problem }, archive, readme] = await Promise.all([
      this.readConfig(repository, document),
      this.#archiveOf(repository, document),
      this.readmeOf(repository, document),
    ]);
    const { config, kind } = document;
    return {
      facts: factsOfConfig(kind, json),
      ...(config && {
        config: { digest: config.digest, mediaType: config.mediaType, size: config.size },
      }),
      ...member("image", image),
      ...member("configText", text),
      ...member("configProblem", problem),
      ...member("readme", readme),
      ...(archive && { chart: await readChart(json, archive) }),
    };
  }

  async #archiveOf(repository: RepositoryName, { kind, layers }: ManifestDocument) {
    if (kind !== "helm-chart") return undefined;
    const chart = layers.find(({ mediaType }) =>
      mediaType.startsWith("application/vnd.cncf.helm.chart.content.")
    );
    return chart && await this.#library.blob(repository, chart.digest, MAX_ARCHIVE_BYTES);
  }

  /** README of an artifact: a part with a media type of Markdown, or of that name. Up to two requests. */
  async readmeOf(repository: RepositoryName, { kind, layers }: ManifestDocument): Promise<Text | undefined> {
    if (kind === "image") return undefined;
    const part = layers.find(isReadme);
    if (part === undefined) return undefined;
    const content = await this.#library.blob(repository, part.digest, MAX_CONFIG_BYTES);
    return "problem" in content ? undefined : textIn(content.bytes, "text/markdown");
  }

  async #indexesOf(repository: RepositoryName, digest: Digest): Promise<ManifestView["indexes"]> {
    const { items, more } = await this.#explorer.referencing(repository, digest, MAX_INDEXES);
    // An edge can outlive its manifest.
    const found = await this.#explorer.manifests(repository, items);
    const indexes = found.filter((item) => item !== undefined && isIndexType(item.mediaType));
    const tagged = await inParallel(indexes, MAX_INDEXES, async (index) => {
      const { items } = await this.#explorer.tagsOf(repository, index!.digest, MAX_TAGS);
      return { digest: index!.digest, tags: items as string[] };
    });
    return { items: tagged, more };
  }

  async #subjectOf(
    repository: RepositoryName,
    { subject }: ManifestDocument,
  ): Promise<ManifestView["subject"]> {
    if (subject === undefined) return undefined;
    const { digest, mediaType } = subject;
    const [found] = isDigest(digest) ? await this.#explorer.manifests(repository, [digest]) : [];
    return { digest, mediaType, exists: found !== undefined };
  }

  async #partsOf(repository: RepositoryName, read: ReadManifest, from: number) {
    const { document, size } = read;
    const { layers, children } = document;
    if (!isIndexType(read.mediaType)) {
      return {
        layers: layers.slice(from, from + MAX_LAYERS).map((layer) => describeLayer(layer)),
        children: [],
        parts: { from, total: layers.length },
        size: sizeWithContent(size, document),
      };
    }
    const page = children.slice(from, from + MAX_CHILDREN);
    const digests = page.map(({ digest }) => digestIn(digest)).filter((digest) => digest !== undefined);
    const found = await this.#library.manifests(repository, digests);
    const known = new Map(digests.map((digest, i) => [digest, found[i]]));
    const sizes = new Map<Digest, KnownManifest>();
    for (const child of found) {
      if (child !== undefined && child !== "unread") sizes.set(child.digest, knownSize(child));
    }
    const isAll = from === 0 && children.length === page.length;
    return {
      layers: [],
      children: page.map((child) => describeChild(child, known.get(child.digest as Digest))),
      parts: { from, total: children.length },
      ...(isAll && member("size", sizeOfKnown(size, { ...document, children }, sizes))),
    };
  }
}

function knownSize({ document, size }: ReadManifest): KnownManifest {
  const isIndex = document.children.length > 0;
  return { ...document, ...(!isIndex && { size: sizeWithContent(size, document) }) };
}

/** Layers with the steps of the history that made them. */
function withInstructions(layers: Layer[], from: number, image: Image | undefined): Layer[] {
  const steps = new Map(image?.history.map((step) => [step.layer, step]));
  return layers.map((layer, i) => {
    const { createdBy, comment, created } = steps.get(from + i) ?? {};
    return {
      ...layer,
      ...member("createdBy", createdBy),
      ...member("comment", comment),
      ...member("created", created),
    };
  });
}

/** A layer without the history of its image. */
function describeLayer({ digest, mediaType, size, annotations }: Part): Layer {
  return {
    digest,
    mediaType,
    size,
    annotations,
    foreign: /\.(foreign|nondistributable)\./.test(mediaType),
    ...member("title", annotations["org.opencontainers.image.title"]),
  };
}

function describeChild(part: Part, found: ReadManifest | "unread" | undefined): Child {
  const { digest, mediaType, size, platform, annotations } = part;
  const read = found === "unread" ? undefined : found;
  return {
    digest,
    mediaType,
    kind: read?.document.kind ?? unreadKind(part),
    manifestSize: size,
    annotations,
    ...(found !== "unread" && { exists: read !== undefined }),
    ...member("artifactType", part.artifactType ?? read?.document.artifactType),
    ...member("platform", platform),
    ...member("size", read && knownSize(read).size),
    ...member("attests", attestedBy(part)),
  };
}

/** Kind of a child by its descriptor alone. */
function unreadKind(part: Part): ArtifactKind {
  if (attestedBy(part) !== undefined) return "attestation";
  if (isIndexType(part.mediaType)) return "index";
  return kindOf(part.artifactType) ?? (part.platform === undefined ? "artifact" : "image");
}

function isReadme({ mediaType, annotations, size }: Part): boolean {
  const title = annotations["org.opencontainers.image.title"] ?? annotations["org.cncf.model.filepath"] ?? "";
  return size <= MAX_CONFIG_BYTES &&
    (/^(text|application)\/(x-)?markdown\b/.test(mediaType) ||
      /^readme(\.md)?$/i.test(title) && !/[+.](gzip|zstd|tar)\b/.test(mediaType));
}
