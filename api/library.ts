import { type Digest, isDigest, RegistryError, type RepositoryName } from "../oci/mod.ts";
import type { Explorer, ManifestFacts, Registry } from "../registry/interface.ts";
import { inParallel } from "../storage/ports.ts";
import { RecentMap } from "../storage/bounded_map.ts";
import { type ManifestDocument, readDocument, sizeWithContent } from "./manifest_document.ts";

/** Manifest that was read, with its parts. */
export interface ReadManifest extends Omit<ManifestFacts, "bytes"> {
  /** Its bytes. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Its parts. */
  document: ManifestDocument;
}

/** Facts about a manifest that follow from its digest, and are remembered. */
export interface KnownManifest extends Pick<ManifestDocument, "mediaType" | "kind" | "artifactType"> {
  /** Compressed bytes with the content; absent for an index. */
  size?: number;
  /** Children of an index. */
  children: ManifestDocument["children"];
}

/** Content of a blob, or the reason why it was not read. */
export type BlobContent = { bytes: Uint8Array<ArrayBuffer> } | { problem: string };

/** Maximum keys of one batch of the table for pages. */
export const MAX_BATCH = 100;

/** Large manifests, which have an object each, that one call reads. */
const MAX_LARGE_MANIFESTS = 4;

/** Children of an index that are remembered; an index with more is read again. */
const MAX_KNOWN_CHILDREN = 100;

/** Manifests that are remembered: about a kilobyte each. */
const MAX_KNOWN = 4096;

/** Bytes of blobs in memory, and those of the largest one of them. */
const MAX_CACHED_BYTES = 16 * 1024 * 1024;
const MAX_CACHED_BLOB_BYTES = 2 * 1024 * 1024;

/** Blobs that are read at the same time. */
const PARALLEL_READS = 4;

/** Reads of manifests and small blobs for pages, with what can be remembered of them. Checks no rights. */
export class Library {
  readonly #registry: Pick<Registry, "getManifest" | "getBlob">;
  readonly #explorer: Pick<Explorer, "manifests">;
  /** By repository and digest: a repository may name a digest that only another one has. */
  readonly #known = new RecentMap<string, KnownManifest>(MAX_KNOWN);
  readonly #blobs = new RecentMap<Digest, Uint8Array<ArrayBuffer>>(1024);
  #cachedBytes = 0;

  /** Nothing is remembered yet. */
  constructor(registry: Pick<Registry, "getManifest" | "getBlob">, explorer: Pick<Explorer, "manifests">) {
    this.#registry = registry;
    this.#explorer = explorer;
  }

  /**
   * Manifests of a repository, `undefined` for one that does not exist, and `unread` for a large one after the first
   * few, and for those after the first {@linkcode MAX_BATCH}. One request, and two for each large one that is read.
   */
  async manifests(
    repository: RepositoryName,
    digests: readonly Digest[],
  ): Promise<(ReadManifest | "unread" | undefined)[]> {
    const wanted = [...new Set(digests.slice(0, MAX_BATCH))];
    const facts = await this.#explorer.manifests(repository, wanted);
    let large = 0;
    const reads = await inParallel(
      facts,
      PARALLEL_READS,
      async (found): Promise<ReadManifest | "unread" | undefined> => {
        if (found === undefined) return undefined;
        if (found.bytes === undefined && ++large > MAX_LARGE_MANIFESTS) return "unread";
        const bytes = found.bytes ?? await this.#largeManifest(repository, found.digest);
        if (bytes === undefined) return undefined;
        const read = { ...found, bytes, document: readDocument({ mediaType: found.mediaType, bytes }) };
        this.#remember(repository, read);
        return read;
      },
    );
    const byDigest = new Map(wanted.map((digest, i) => [digest, reads[i]]));
    return digests.map((digest) => byDigest.has(digest) ? byDigest.get(digest) : "unread");
  }

  /** A manifest of a repository. One request, and two more if it is large. */
  async manifest(repository: RepositoryName, digest: Digest): Promise<ReadManifest | undefined> {
    const [read] = await this.manifests(repository, [digest]);
    return read === "unread" ? undefined : read;
  }

  /**
   * Facts about manifests of a repository, from memory where possible. Does not show that they still exist. At most one
   * batch is read.
   */
  async known(
    repository: RepositoryName,
    digests: Iterable<Digest>,
  ): Promise<Map<Digest, KnownManifest>> {
    const known = new Map<Digest, KnownManifest>();
    const missing: Digest[] = [];
    for (const digest of new Set(digests)) {
      const facts = this.#known.get(`${repository}@${digest}`);
      if (facts === undefined) missing.push(digest);
      else known.set(digest, facts);
    }
    if (missing.length === 0) return known;
    for (const read of await this.manifests(repository, missing)) {
      if (read !== undefined && read !== "unread") known.set(read.digest, knownOf(read));
    }
    return known;
  }

  /**
   * Content of a blob of at most `most` bytes. One request of the table, or none if the registry has cached that the
   * repository has the blob; and one of the object store, if the content is not in memory.
   */
  async blob(repository: RepositoryName, digest: string, most: number): Promise<BlobContent> {
    if (!isDigest(digest)) {
      return { problem: "The digest has an algorithm that the registry does not support" };
    }
    try {
      // The check that the repository has the blob comes before the memory: a manifest can name any digest.
      const blob = await this.#registry.getBlob(repository, digest);
      if (blob.size > most) return { problem: `Too large to show: ${blob.size} bytes` };
      const bytes = blob.bytes ?? this.#blobs.get(digest) ?? await readAll(await blob.open(), blob.size);
      if (blob.bytes === undefined) this.#keep(digest, bytes);
      return { bytes };
    } catch (error) {
      if (!(error instanceof RegistryError) || error.status !== 404) throw error;
      return { problem: "The blob does not exist" };
    }
  }

  async #largeManifest(repository: RepositoryName, digest: Digest) {
    try {
      return (await this.#registry.getManifest(repository, { digest })).bytes;
    } catch (error) {
      // It was deleted meanwhile.
      if (error instanceof RegistryError && error.status === 404) return undefined;
      throw error;
    }
  }

  #remember(repository: RepositoryName, read: ReadManifest): void {
    if (read.document.children.length > MAX_KNOWN_CHILDREN) return;
    this.#known.set(`${repository}@${read.digest}`, knownOf(read));
  }

  #keep(digest: Digest, bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.length > MAX_CACHED_BLOB_BYTES || this.#blobs.has(digest)) return;
    this.#blobs.set(digest, bytes);
    this.#cachedBytes += bytes.length;
    for (const [oldest, { length }] of this.#blobs) {
      if (this.#cachedBytes <= MAX_CACHED_BYTES) break;
      this.#blobs.delete(oldest);
      this.#cachedBytes -= length;
    }
  }
}

function knownOf({ size, document }: ReadManifest): KnownManifest {
  const { mediaType, kind, artifactType, children } = document;
  return {
    mediaType,
    kind,
    children,
    ...(artifactType !== undefined && { artifactType }),
    ...(children.length === 0 && { size: sizeWithContent(size, document) }),
  };
}

async function readAll(stream: ReadableStream<Uint8Array<ArrayBuffer>>, size: number) {
  const bytes = new Uint8Array(size);
  let at = 0;
  for await (const chunk of stream) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes.subarray(0, at);
}
