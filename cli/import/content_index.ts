import { DatabaseSync } from "node:sqlite";
import { type Digest, isDigest } from "../../oci/mod.ts";
import { isPathSegment, type SourceTree } from "./source_tree.ts";

/** Maximum folders that are tried for one blob. */
const MAX_FOLDERS = 8;

/** Blobs of one transaction. */
const BATCH_BLOBS = 1000;

/** Maximum folders below each other that are searched. */
const MAX_DEPTH = 64;

/**
 * Index of all image layouts of a tree: in which folders a blob has bytes. Built by the first question, in a database
 * on disk, because a registry may have more blobs than fit in memory.
 */
export class ContentIndex implements Disposable {
  readonly #tree: SourceTree;
  readonly #database: DatabaseSync;
  #built: Promise<void> | undefined;

  /** Index in a new file at `path`. */
  constructor(tree: SourceTree, path: string) {
    this.#tree = tree;
    this.#database = new DatabaseSync(path);
    this.#database.exec(`
      PRAGMA journal_mode = OFF;
      PRAGMA synchronous = OFF;
      CREATE TABLE content (digest TEXT, folder TEXT, PRIMARY KEY (digest, folder)) WITHOUT ROWID;
    `);
  }

  /** Folders whose layout has bytes for the digest; at most {@linkcode MAX_FOLDERS}. */
  async find(digest: Digest): Promise<string[]> {
    await (this.#built ??= this.#build());
    return this.#database.prepare("SELECT folder FROM content WHERE digest = ? LIMIT ?")
      .all(digest, MAX_FOLDERS).map(({ folder }) => folder as string);
  }

  /** Closes the database. */
  [Symbol.dispose](): void {
    this.#database.close();
  }

  async #build(): Promise<void> {
    const insert = this.#database.prepare("INSERT OR IGNORE INTO content VALUES (?, ?)");
    let batch: [string, string][] = [];
    const flush = () => {
      this.#database.exec("BEGIN");
      for (const row of batch) insert.run(...row);
      this.#database.exec("COMMIT");
      batch = [];
    };
    for await (const { digest, folder } of storedBlobs(this.#tree, "", 0)) {
      batch.push([digest, folder]);
      if (batch.length === BATCH_BLOBS) flush();
    }
    flush();
  }
}

/** Every blob with bytes below a folder. A folder that cannot be read has none: the listing reports it. */
async function* storedBlobs(
  tree: SourceTree,
  folder: string,
  depth: number,
): AsyncGenerator<{ digest: Digest; folder: string }> {
  if (depth > MAX_DEPTH) return;
  try {
    for await (const { name, kind } of tree.entries(folder)) {
      if (kind !== "folder" || name.startsWith(".") || !isPathSegment(name)) continue;
      const path = folder === "" ? name : `${folder}/${name}`;
      if (name !== "blobs") yield* storedBlobs(tree, path, depth + 1);
      else yield* blobsOf(tree, folder);
    }
  } catch (error) {
    if (!tree.isLocal) throw error;
  }
}

async function* blobsOf(
  tree: SourceTree,
  folder: string,
): AsyncGenerator<{ digest: Digest; folder: string }> {
  for (const algorithm of ["sha256", "sha512"]) {
    const blobs = folder === "" ? `blobs/${algorithm}` : `${folder}/blobs/${algorithm}`;
    for await (const { name, kind, size } of tree.entries(blobs)) {
      const digest = `${algorithm}:${name}`;
      if (kind !== "file" || !isDigest(digest)) continue;
      if ((size ?? await tree.size(`${blobs}/${name}`) ?? 0) > 0) yield { digest, folder };
    }
  }
}
