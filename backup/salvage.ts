import { createHash } from "node:crypto";
import { type Digest, digestOf } from "../oci/mod.ts";
import {
  type BlobAttributes,
  blobKey,
  blobPartition,
  LINK_PREFIX,
  linkItem,
  prefixOf,
  readObject,
  type Stored,
  stored,
  type UploadAttributes,
  uploadKey,
} from "../registry/stored.ts";
import { type NewItem, type ObjectStore, pagesOf, pause, type Table } from "../storage/ports.ts";
import { objectOf } from "./kinds.ts";

/** Keys of one request. */
const PAGE_KEYS = 500;

/** Options of {@linkcode Salvage}. */
export interface SalvageOptions {
  /** The objects; they are only read. */
  objects: ObjectStore;
  /** An empty temporary table that records the named objects, one item each. */
  scratch: Table;
  /** The present in milliseconds since the epoch. */
  now: () => number;
  /** Called for each object that no item names, with the result. */
  report: (line: string) => void;
}

/**
 * Finds objects that no item of a backup names, and restores them as blobs by their hash: content that was pushed after
 * the backup. Only an upload in the backup tells the repository of such a blob. Every other one has no link until a
 * client pushes it again. Tags, and the repositories of manifests, are in no object and cannot be restored.
 */
export class Salvage {
  /** Number of restored blobs. */
  adopted = 0;
  readonly #options: SalvageOptions;
  #upload: { prefix: string; item: Stored<UploadAttributes> | undefined } | undefined;

  /** Starts without known objects. */
  constructor(options: SalvageOptions) {
    this.#options = options;
  }

  /** Remembers the objects that these items name. */
  async know(items: NewItem[]): Promise<void> {
    const keys = items.map((item) => objectOf(item)?.key).filter((key) => key !== undefined);
    await this.#options.scratch.putMany(keys.map((sk) => ({ pk: "object", sk, attributes: {} })));
  }

  /** Checks every unknown object, and writes the restored blobs to the table. */
  async run(table: Table): Promise<void> {
    for (const prefix of ["blobs/", "manifests/"]) {
      for await (const key of this.#unknown(prefix)) await this.#examine(table, key);
    }
  }

  async *#unknown(prefix: string): AsyncGenerator<string> {
    const { objects, scratch } = this.#options;
    const list = (from: { after?: string }) => objects.list(prefix, { ...from, limit: PAGE_KEYS });
    for await (const keys of pagesOf(list, (key) => key, PAGE_KEYS)) {
      const known = await scratch.getMany(keys.map((sk) => ({ pk: "object", sk })), { consistent: true });
      yield* keys.filter((_, index) => known[index] === undefined);
    }
  }

  async #examine(table: Table, key: string): Promise<void> {
    const { report } = this.#options;
    const upload = await this.#uploadOf(table, key);
    const found = await this.#hash(key);
    if (found === undefined) return;
    const [sha256] = found.digests;
    if (key.startsWith("manifests/")) {
      const of = upload === undefined ? "" : ` of ${upload.attributes.repository}`;
      return report(`Object ${key}: a manifest${of} that the backup does not contain: ${sha256}`);
    }
    const digest = await this.#digestOf(table, found.digests, upload);
    if (digest === undefined) return; // the sweep removes the parts of incomplete uploads
    const blob = stored<BlobAttributes>(await table.get(blobKey(digest), { consistent: true }));
    // With this same object it is the result of an interrupted restore, whose upload may exist again.
    if (blob !== undefined && blob.attributes.object !== key) {
      return report(`Object ${key}: another copy of ${digest}`);
    }
    const link = upload && linkItem(digest, upload.attributes.repository, this.#options.now());
    if (link !== undefined) await table.putMany([link]);
    await this.#protect(table, upload);
    const attributes: BlobAttributes = {
      size: found.size,
      object: key,
      state: "live",
      writtenAt: this.#options.now(),
    };
    await table.putMany([{ ...blobKey(digest), attributes }]);
    this.adopted++;
    const to = upload === undefined ? "without a link" : `in ${upload.attributes.repository}`;
    report(`Object ${key}: restored as blob ${digest}, ${to}`);
  }

  /** Upload that wrote the object, if the backup has it: its id is in the key. */
  async #uploadOf(table: Table, key: string): Promise<Stored<UploadAttributes> | undefined> {
    const prefix = prefixOf(key);
    // Objects of one upload come together, and the first one may have used up its item.
    if (this.#upload?.prefix !== prefix) {
      const id = prefix.slice(prefix.lastIndexOf("/") + 1, -1);
      const item = stored<UploadAttributes>(await table.get(uploadKey(id), { consistent: true }));
      this.#upload = { prefix, item };
    }
    return this.#upload.item;
  }

  /** Digest of the object as a blob, by its upload or by any link; `undefined` if its upload became another blob. */
  async #digestOf(
    table: Table,
    digests: Digest[],
    upload: Stored<UploadAttributes> | undefined,
  ): Promise<Digest | undefined> {
    const named = namedBy(upload);
    if (named.length > 0) return digests.find((digest) => named.includes(digest));
    for (const digest of digests) {
      const links = await table.query(blobPartition(digest), {
        prefix: LINK_PREFIX,
        limit: 1,
        consistent: true,
      });
      if (links.length > 0) return digest;
    }
    return digests[0];
  }

  /**
   * Deletes an upload without a digest, because its sweep would delete the object too. Its other objects become blobs,
   * which garbage collection removes.
   */
  async #protect(table: Table, upload: Stored<UploadAttributes> | undefined): Promise<void> {
    if (upload === undefined || namedBy(upload).length > 0) return;
    await table.delete(upload, { ifVersion: upload.version });
  }

  async #hash(key: string): Promise<{ size: number; digests: Digest[] } | undefined> {
    const found = await readObject({ objects: this.#options.objects, sleep: pause }, key);
    if (found === undefined) return undefined;
    const algorithms = ["sha256", "sha512"] as const;
    const hashes = algorithms.map((algorithm) => createHash(algorithm));
    for await (const chunk of found.chunks) hashes.forEach((hash) => hash.update(chunk));
    const digests = algorithms.map((algorithm, index) => digestOf(algorithm, hashes[index]!.digest("hex")));
    return { size: found.size, digests };
  }
}

/** Digests under which the upload was committed, or may have been. */
function namedBy(upload: Stored<UploadAttributes> | undefined): Digest[] {
  const { attempt, digest } = upload?.attributes ?? {};
  return [attempt, digest].filter((digest) => digest !== undefined);
}
