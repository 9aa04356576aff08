import { type Digest, isDigest, isRepositoryName, isTag, type RepositoryName } from "../../oci/mod.ts";
import { inParallel } from "../../storage/ports.ts";
import { readFile } from "./read_file.ts";
import type { Finding, ReportFinding, SourceManifest, SourceRegistry } from "./source_registry.ts";
import { DamageError, isPathSegment, type SourceTree } from "./source_tree.ts";

/** Folder of the registry below its root (distribution, registry/storage/paths.go). */
export const DISTRIBUTION_FOLDER = "docker/registry/v2";

/** Largest link in bytes: a digest and a line end. */
const MAX_LINK_BYTES = 1024;

/** Maximum characters of a path in which repositories are looked for; their names have at most 255. */
const MAX_PATH_CHARACTERS = 512;

/** Links that are read at the same time, and of one batch. */
const PARALLEL_LINKS = 16;
const BATCH_LINKS = 256;

/**
 * Storage of CNCF distribution, and of Harbor, which uses it. A repository consists of link files. All repositories
 * share the content.
 */
export class DistributionRegistry implements SourceRegistry {
  readonly format = "CNCF distribution";
  readonly #tree: SourceTree;
  readonly #report: ReportFinding;

  /** Registry in a tree. */
  constructor(tree: SourceTree, report: ReportFinding) {
    this.#tree = tree;
    this.#report = report;
  }

  async *repositories(): AsyncGenerator<RepositoryName> {
    for await (const name of repositoryFolders(this.#tree, this.#report, "")) {
      if (isRepositoryName(name)) yield name;
      else this.#report({ kind: "name", repository: name, note: "is not a valid name of a repository" });
    }
  }

  async *manifests(repository: RepositoryName): AsyncGenerator<SourceManifest> {
    const folder = `${folderOf(repository)}/_manifests`;
    const inspect = <T>(names: string[], read: (name: string) => Promise<T | undefined>) =>
      inParallel(names, PARALLEL_LINKS, read);
    for await (const names of batches(this.#folders(repository, `${folder}/tags`))) {
      const found = await inspect(names, (name) => this.#tag(repository, name));
      yield* found.filter((manifest) => manifest !== undefined);
    }
    for await (const algorithm of this.#folders(repository, `${folder}/revisions`)) {
      for await (const names of batches(this.#folders(repository, `${folder}/revisions/${algorithm}`))) {
        const found = await inspect(names, (name) => this.#revision(repository, `${algorithm}:${name}`));
        yield* found.filter((manifest) => manifest !== undefined);
      }
    }
  }

  async *places(_repository: RepositoryName, digest: Digest): AsyncGenerator<string> {
    const [algorithm, hex = ""] = digest.split(":");
    yield `${DISTRIBUTION_FOLDER}/blobs/${algorithm}/${hex.slice(0, 2)}/${hex}/data`;
  }

  /** Target of a tag, if the registry would serve it. */
  async #tag(repository: RepositoryName, name: string): Promise<SourceManifest | undefined> {
    const lost = (note: string, digest?: string) => {
      this.#report({ kind: "tag", repository, tag: name, ...(digest !== undefined && { digest }), note });
      return undefined;
    };
    if (!isTag(name)) return lost("is not a valid tag");
    try {
      const link = `${folderOf(repository)}/_manifests/tags/${name}/current/link`;
      const bytes = await readFile(this.#tree, link, MAX_LINK_BYTES);
      if (bytes === undefined) return lost("has no current/link");
      const digest = new TextDecoder().decode(bytes).trim();
      if (!isDigest(digest)) return lost("has a current/link without a valid digest");
      // The manifest may have been deleted by its digest, although its bytes exist until garbage collection.
      if (await this.#tree.size(revisionLink(repository, digest)) === undefined) {
        return lost("points to a manifest that the repository does not have", digest);
      }
      return { digest, tags: [name] };
    } catch (error) {
      if (error instanceof DamageError) return lost(`has a link that ${error.message}`);
      throw error;
    }
  }

  /** A manifest of the repository. A deleted one leaves its folder without the link. */
  async #revision(repository: RepositoryName, digest: string): Promise<SourceManifest | undefined> {
    const lost = (note: string): undefined => {
      this.#report({ kind: "manifest", repository, digest, note });
    };
    if (!isDigest(digest)) return lost("is not a valid digest");
    try {
      return await this.#tree.size(revisionLink(repository, digest)) === undefined
        ? undefined
        : { digest, tags: [] };
    } catch (error) {
      if (error instanceof DamageError) return lost(`has a link that ${error.message}`);
      throw error;
    }
  }

  /** Names of folders in a folder. Reports everything else except the files that the registry does not read either. */
  async *#folders(repository: RepositoryName, folder: string): AsyncGenerator<string> {
    const report = (finding: Omit<Finding, "repository">) => this.#report({ ...finding, repository });
    try {
      for await (const { name, kind } of this.#tree.entries(folder)) {
        if (kind === "folder" && isPathSegment(name)) yield name;
        else if (kind !== "file") {
          report({
            kind: "link",
            note: `${folder}/${name} is neither a file nor a folder, and is not followed`,
          });
        }
      }
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      report({ kind: "link", note: `${folder} ${error.message}` });
    }
  }
}

function folderOf(repository: RepositoryName): string {
  return `${DISTRIBUTION_FOLDER}/repositories/${repository}`;
}

function revisionLink(repository: RepositoryName, digest: Digest): string {
  return `${folderOf(repository)}/_manifests/revisions/${digest.replace(":", "/")}/link`;
}

/** Names of folders with manifests below `repositories`. The folders of a repository itself begin with `_`. */
async function* repositoryFolders(
  tree: SourceTree,
  report: ReportFinding,
  name: string,
): AsyncGenerator<string> {
  let hasManifests = false;
  const folder = `${DISTRIBUTION_FOLDER}/repositories${name === "" ? "" : `/${name}`}`;
  try {
    for await (const { name: segment, kind } of tree.entries(folder)) {
      const path = name === "" ? segment : `${name}/${segment}`;
      if (kind === "other") {
        report({
          kind: "link",
          repository: path,
          note: "is neither a file nor a folder, and is not followed",
        });
      } else if (kind !== "folder") continue;
      else if (segment === "_manifests") hasManifests = true;
      else if (segment.startsWith("_")) continue;
      else if (!isPathSegment(segment) || path.length > MAX_PATH_CHARACTERS) {
        report({ kind: "name", repository: path, note: "cannot be the name of a repository" });
      } else yield* repositoryFolders(tree, report, path);
    }
  } catch (error) {
    if (!(error instanceof DamageError)) throw error;
    report({ kind: "link", repository: name, note: error.message });
  }
  if (hasManifests) yield name;
}

async function* batches(names: AsyncIterable<string>): AsyncGenerator<string[]> {
  let batch: string[] = [];
  for await (const name of names) {
    batch.push(name);
    if (batch.length < BATCH_LINKS) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}
