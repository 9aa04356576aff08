/**
 * Stores with something to damage, and damage to be found.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { CLOCK_SKEW_MS } from "../../storage/ports.ts";
import { type BlobAttributes, blobKey, stored } from "../../registry/stored.ts";
import type {
  Finding,
  FindingKind,
  Registry,
  ScrubOptions,
  ScrubReport,
  StoredRegistry,
} from "../../registry/mod.ts";
import type { Item, Key } from "../../storage/mod.ts";
import {
  body,
  content,
  digest,
  IMAGE,
  imageOf,
  PRINCIPAL,
  pushBlob,
  pushManifest,
  REPOSITORY,
  TestStores,
} from "./stores.ts";

/** Times are short. */
export const OPTIONS = { uploadExpiry: 60 * 60_000, grace: 60 * 60_000, deadline: 500 };
/** Content that {@linkcode setUp} pushes. */
export const CONFIG = content(9, 1);
/** As above. */
export const LAYER = content(30, 2);
/** As above, by its sha512. */
export const LONG = content(70, 4);
/** As above, with tags. */
export const IMAGE_BYTES = imageOf(CONFIG, [LAYER]);
/** The descriptor of {@linkcode IMAGE_BYTES}. */
export const SUBJECT = { mediaType: IMAGE, digest: digest(IMAGE_BYTES), size: IMAGE_BYTES.length };
/** Its referrer. */
export const SIGNATURE = imageOf(CONFIG, [], { subject: SUBJECT });
/** A manifest that has an object of its own. */
export const LARGE = imageOf(CONFIG, [], { annotations: { filler: "x".repeat(300_000) } });

/** An image, a signature, a large manifest, content of sha512, and the uploads that brought them expired and swept. */
export async function setUp(): Promise<{ stores: TestStores; registry: Registry }> {
  const stores = new TestStores();
  const { registry, sweep } = stores.registry(OPTIONS);
  for (const blob of [CONFIG, LAYER]) await pushBlob(registry, blob);
  await registry.putBlob(REPOSITORY, PRINCIPAL, digest(LONG, "sha512"), body(LONG));
  await pushManifest(registry, IMAGE_BYTES, "latest", "v1");
  await pushManifest(registry, SIGNATURE);
  await pushManifest(registry, LARGE, "large");
  stores.now += OPTIONS.uploadExpiry + OPTIONS.grace + CLOCK_SKEW_MS;
  await sweep();
  return { stores, registry };
}

/** The item, which must be there. */
export async function itemOf(stores: TestStores, key: Key): Promise<Item> {
  return (await stores.table.get(key, { consistent: true }))!;
}

/** The key of the object that has the bytes. */
export async function objectOf(stores: TestStores, bytes: Uint8Array): Promise<string> {
  return stored<BlobAttributes>(await itemOf(stores, blobKey(digest(bytes))))!.attributes.object;
}

/** Puts other bytes where the blob's are. */
export async function damage(
  stores: TestStores,
  bytes: Uint8Array,
  by: (bytes: Uint8Array) => Uint8Array,
): Promise<void> {
  await stores.objects.put(await objectOf(stores, bytes), new Uint8Array(by(bytes)));
}

/** Changes a byte. */
export const flip: (bytes: Uint8Array) => Uint8Array = (bytes: Uint8Array) =>
  bytes.map((byte, i) => i === 3 ? byte ^ 1 : byte);
/** Takes the last byte away. */
export const cut: (bytes: Uint8Array) => Uint8Array = (bytes: Uint8Array) => bytes.slice(0, -1);

/** An object that no item names. */
export async function plantOrphan(stores: TestStores, bytes: Uint8Array): Promise<string> {
  const key = `blobs/0af/0af${"7".repeat(29)}-abc-b-${"3".repeat(16)}-${"c".repeat(32)}`;
  await stores.objects.put(key, new Uint8Array(bytes));
  return key;
}

/** Changes attributes of an item. */
export async function change(stores: TestStores, key: Key, attributes: Item["attributes"]): Promise<void> {
  const item = await itemOf(stores, key);
  await stores.table.putMany([{ ...item, attributes: { ...item.attributes, ...attributes } }]);
}

/** Findings of a scrub, by kind, in their order. */
export async function scrubbed(
  stores: TestStores,
  options: ScrubOptions = {},
  process: StoredRegistry = stores.registry(OPTIONS),
): Promise<{ findings: Finding[]; report: ScrubReport; kinds: FindingKind[] }> {
  const findings: Finding[] = [];
  const report = await process.scrub({ ...options, found: (finding) => findings.push(finding) });
  assertEquals(report.findings, findings.length);
  assertEquals(report.repaired, findings.filter(({ repaired }) => repaired !== undefined).length);
  findings.sort((a, b) => a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : a.name < b.name ? -1 : 1);
  return { findings, report, kinds: findings.map(({ kind }) => kind) };
}
