import { createHash } from "node:crypto";
import { type Digest, digestOf } from "../../oci/mod.ts";
import { pagesOf } from "../../storage/ports.ts";
import {
  type BlobAttributes,
  blobKey,
  type ManifestAttributes,
  manifestKey,
  stored,
  type UploadAttributes,
} from "../items/mod.ts";
import type { Context } from "../protocol/mod.ts";
import { readObject } from "../streams/mod.ts";

/** Objects of one page of a list. */
const PAGE_ENTRIES = 100;

/** Pages of the keys of the objects under a prefix. */
export function objectPages({ objects }: Context, prefix: string): AsyncGenerator<string[]> {
  const list = (from: { after?: string }) => objects.list(prefix, { ...from, limit: PAGE_ENTRIES });
  return pagesOf(list, (key) => key, PAGE_ENTRIES);
}

/** Objects of the upload that a blob or a manifest names, if its digest is one that the upload's item knows. */
export async function namedByItem(context: Context, upload: UploadAttributes): Promise<Set<string>> {
  const digests = [...new Set([upload.attempt, upload.digest])].filter((digest) => digest !== undefined);
  return await namedAs(context, upload, digests);
}

/**
 * Objects of the upload that a blob or a manifest of any digest names. Reads them all: an object that is named has the
 * bytes of that digest.
 */
export async function namedByTheirBytes(context: Context, upload: UploadAttributes): Promise<Set<string>> {
  const named = new Set<string>();
  for await (const keys of objectPages(context, upload.prefix)) {
    for (const key of keys) {
      if ((await namedAs(context, upload, await digestsOf(context, key))).has(key)) named.add(key);
    }
  }
  return named;
}

/** Objects that the blobs or manifests of these digests name. */
async function namedAs(
  { table }: Context,
  { kind, repository }: UploadAttributes,
  digests: Digest[],
): Promise<Set<string>> {
  const keys = digests.map((digest) => kind === "blob" ? blobKey(digest) : manifestKey(repository, digest));
  const items = await table.getMany(keys, { consistent: true });
  const objects = items.map((item) => stored<BlobAttributes | ManifestAttributes>(item)?.attributes.object);
  return new Set(objects.filter((object) => object !== undefined));
}

/** Digests of an object, by every algorithm. */
async function digestsOf(context: Context, key: string): Promise<Digest[]> {
  const object = await readObject(context, key);
  if (object === undefined) return [];
  const hashes = (["sha256", "sha512"] as const).map((algorithm) => ({
    algorithm,
    hash: createHash(algorithm),
  }));
  for await (const chunk of object.chunks) {
    for (const { hash } of hashes) hash.update(chunk);
  }
  return hashes.map(({ algorithm, hash }) => digestOf(algorithm, hash.digest("hex")));
}
