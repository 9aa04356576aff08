/**
 * Invariants of the stores at any moment, and their required state when all requests have ended.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { type Digest, isDigest, type RepositoryName } from "../../oci/mod.ts";
import { parseManifest } from "../../oci/manifest.ts";
import { blobKey, COLLECTION, GARBAGE_PREFIX, linkKey, manifestKey } from "../../registry/stored.ts";
import type { Item } from "../../storage/mod.ts";
import { digest, type TestStores } from "./stores.ts";

/** The repository in whose partition the item is. */
const repositoryOf = (item: Item) => item.pk.slice("repo#".length) as RepositoryName;

/** Bytes of an object. Fails if it does not exist. */
async function bytesOf(stores: TestStores, key: string): Promise<Uint8Array<ArrayBuffer>> {
  const found = await stores.objects.get(key);
  assert(found !== undefined, `object ${key} is missing`);
  return new Uint8Array(await new Response(found.body).arrayBuffer());
}

/**
 * Asserts that no tag points at a missing manifest, no manifest lacks its bytes or, in strict mode, a reference, and
 * every readable blob has the bytes of its digest.
 */
export async function assertConsistent(
  stores: TestStores,
  references: "strict" | "sparse" = "strict",
): Promise<void> {
  for (const item of await stores.items()) {
    const [kind] = item.sk.split("#");
    if (item.sk === "blob" && item.attributes.state !== "deleting") await assertBlob(stores, item);
    if (kind === "tag") {
      const target = item.attributes.digest as Digest;
      const manifest = await stores.table.get(manifestKey(repositoryOf(item), target));
      assert(manifest !== undefined, `${item.sk} points at nothing`);
    }
    if (kind === "manifest") await assertManifest(stores, item, references);
  }
}

async function assertBlob(stores: TestStores, item: Item): Promise<void> {
  const name = item.pk.slice("blob#".length) as Digest;
  const bytes = await bytesOf(stores, item.attributes.object as string);
  assertEquals(digest(bytes, name.startsWith("sha512") ? "sha512" : "sha256"), name);
  assertEquals(bytes.length, item.attributes.size);
}

async function assertManifest(
  stores: TestStores,
  item: Item,
  references: "strict" | "sparse",
): Promise<void> {
  const { object, mediaType } = item.attributes as { object?: string; mediaType: string };
  const bytes = item.bytes ?? await bytesOf(stores, object!);
  assertEquals(`manifest#${digest(bytes)}`, item.sk);
  if (references === "sparse") return;
  for (const { digest: target, required } of parseManifest(bytes, mediaType).references) {
    if (!required || !isDigest(target)) continue;
    const child = await stores.table.get(manifestKey(repositoryOf(item), target));
    const link = await stores.table.get(linkKey(target, repositoryOf(item)));
    const blob = await stores.table.get(blobKey(target));
    assert(child !== undefined || (link !== undefined && blob !== undefined), `${item.sk} lacks ${target}`);
  }
}

/** Items of a registry, except leases and progress of garbage collection. */
export async function leftItems(stores: TestStores): Promise<Item[]> {
  return (await stores.items()).filter(({ pk }) => pk !== COLLECTION);
}

/** Deletes every candidate, so that only a full pass finds the garbage. */
export async function dropCandidates(stores: TestStores): Promise<void> {
  for (const { pk, sk, version } of await stores.items()) {
    if (pk.startsWith(GARBAGE_PREFIX)) await stores.table.delete({ pk, sk }, { ifVersion: version });
  }
}

/** Asserts that no upload is left, and no object without a blob or manifest. */
export async function assertNothingLeft(stores: TestStores): Promise<void> {
  const items = await stores.items();
  assertEquals(items.filter((item) => item.sk === "upload"), []);
  assertEquals(await stores.objects.listParts("", 10), []);
  const named = items.map((item) => item.attributes.object).filter((key) => key !== undefined);
  assertEquals((await stores.keys()).sort(), named.sort());
}
