import {
  type Digest,
  isDigest,
  isRepositoryName,
  isTag,
  type RepositoryName,
  type Tag,
} from "../../oci/mod.ts";
import { pause } from "../../storage/ports.ts";
import { ContentIndex } from "./content_index.ts";
import { readFile } from "./read_file.ts";
import type { ReportFinding, SourceManifest, SourceRegistry } from "./source_registry.ts";
import { DamageError, isPathSegment, type SourceTree } from "./source_tree.ts";

/** Largest `index.json` in bytes: some 200,000 tags. */
const MAX_INDEX_BYTES = 64 * 1024 * 1024;

/** Most objects and arrays in one, which is more than that size needs: each costs memory when it is parsed. */
const MAX_INDEX_NODES = 1_000_000;

/** Reads of an `index.json` that is no JSON: zot writes the file in place, so a read can see half of it. */
const INDEX_READS = 3;

/** Milliseconds between two of them. */
const INDEX_PAUSE_MS = 500;

/** Maximum characters of a path in which repositories are looked for; their names have at most 255. */
const MAX_PATH_CHARACTERS = 512;

/** Annotation of a descriptor in `index.json` that holds its tag (image-spec, annotations.md). */
const REF_NAME = "org.opencontainers.image.ref.name";

/**
 * OCI image layouts below a root, one for each repository, as zot stores them.
 *
 * In S3, zot with deduplication stores the bytes of a blob once, in any of the repositories that have it, and an empty
 * object in all others. Only zot's cache database names the repository with the bytes. {@linkcode ContentIndex} finds it
 * without that database. zot of 2026 can keep such bytes in the folder `_blobstore`.
 */
export class LayoutRegistry implements SourceRegistry {
  readonly format = "OCI image layouts (zot)";
  readonly #tree: SourceTree;
  readonly #report: ReportFinding;
  readonly #index: ContentIndex;

  /** Registry in a tree. `index` finds bytes that are not where they belong. */
  constructor(tree: SourceTree, report: ReportFinding, index: ContentIndex) {
    this.#tree = tree;
    this.#report = report;
    this.#index = index;
  }

  async *repositories(): AsyncGenerator<RepositoryName> {
    for await (const folder of layoutFolders(this.#tree, this.#report)) {
      if (isRepositoryName(folder)) yield folder;
      else this.#report({ kind: "name", repository: folder, note: "is not a valid name of a repository" });
    }
  }

  async *manifests(repository: RepositoryName): AsyncGenerator<SourceManifest> {
    const found = new Map<Digest, { mediaType: string | undefined; tags: Set<Tag> }>();
    for (const descriptor of await this.#descriptors(repository)) {
      const { digest, mediaType, annotations } = Object(descriptor) as Record<string, unknown>;
      const name: unknown = Object(annotations)[REF_NAME];
      const tag = typeof name === "string" ? { tag: name } : {};
      if (typeof digest !== "string" || !isDigest(digest)) {
        this.#report({
          kind: "index",
          repository,
          ...tag,
          note: "index.json has an entry without a valid digest",
        });
        continue;
      }
      const entry = found.get(digest) ?? {
        mediaType: typeof mediaType === "string" && mediaType !== "" ? mediaType : undefined,
        tags: new Set(),
      };
      found.set(digest, entry);
      if (typeof name !== "string") continue;
      if (isTag(name)) entry.tags.add(name);
      else this.#report({ kind: "tag", repository, tag: name, digest, note: "is not a valid tag" });
    }
    for (const [digest, { mediaType, tags }] of found) yield { digest, mediaType, tags: [...tags] };
  }

  async *places(repository: RepositoryName, digest: Digest): AsyncGenerator<string> {
    const own = blobPath(repository, digest);
    // An empty file is the blob only if it is the digest of nothing; then the caller finds that it matches.
    yield own;
    for (const folder of await this.#index.find(digest)) {
      const path = blobPath(folder, digest);
      if (path !== own) yield path;
    }
  }

  async #descriptors(repository: RepositoryName): Promise<unknown[]> {
    for (let reads = 1;; reads++) {
      try {
        return await this.#readIndex(repository);
      } catch (error) {
        if (!(error instanceof DamageError)) throw error;
        if (reads < INDEX_READS) {
          await pause(INDEX_PAUSE_MS);
          continue;
        }
        this.#report({ kind: "index", repository, note: `index.json ${error.message}` });
        return [];
      }
    }
  }

  async #readIndex(repository: RepositoryName): Promise<unknown[]> {
    const bytes = await readFile(this.#tree, `${repository}/index.json`, MAX_INDEX_BYTES);
    if (bytes === undefined) throw new DamageError("is missing");
    if (nodesIn(bytes) > MAX_INDEX_NODES) throw new DamageError("has too many objects and arrays");
    let document: unknown;
    try {
      document = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    } catch {
      throw new DamageError("is not valid JSON");
    }
    const { manifests } = Object(document) as Record<string, unknown>;
    // zot writes null for a repository without manifests.
    if (manifests === null || manifests === undefined) return [];
    if (!Array.isArray(manifests)) throw new DamageError("has no list of manifests");
    return manifests;
  }
}

/** Number of brackets that open an object or array; those in strings count as well. */
function nodesIn(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === 0x5b || byte === 0x7b) count++;
  return count;
}

/** Path of a blob in the layout of a folder. */
function blobPath(folder: string, digest: Digest): string {
  return `${folder}/blobs/${digest.replace(":", "/")}`;
}

/**
 * Folders that hold an image layout. Passes over `blobs`, hidden folders such as `.uploads`, and zot's own folders at
 * the root, which begin with `_`.
 */
async function* layoutFolders(tree: SourceTree, report: ReportFinding, folder = ""): AsyncGenerator<string> {
  let isLayout = false;
  const path = (name: string) => folder === "" ? name : `${folder}/${name}`;
  try {
    for await (const { name, kind } of tree.entries(folder)) {
      if (kind === "other") {
        report({
          kind: "link",
          repository: path(name),
          note: "is neither a file nor a folder, and is not followed",
        });
      } else if (kind === "file") isLayout ||= name === "index.json" || name === "oci-layout";
      else if (isOwnFolder(name, folder)) continue;
      else if (!isPathSegment(name) || path(name).length > MAX_PATH_CHARACTERS) {
        report({ kind: "name", repository: path(name), note: "cannot be the name of a repository" });
      } else yield* layoutFolders(tree, report, path(name));
    }
  } catch (error) {
    if (!(error instanceof DamageError)) throw error;
    report({ kind: "link", repository: folder, note: error.message });
  }
  if (isLayout) yield folder;
}

function isOwnFolder(name: string, folder: string): boolean {
  return name === "blobs" || name.startsWith(".") || folder === "" && name.startsWith("_");
}
