import { createLog } from "../../process/mod.ts";
import { openStorage } from "../../process/open/open_storage.ts";
import { createRegistry, type Registry } from "../../registry/mod.ts";
import { type Config, readSettings } from "../../config/mod.ts";
import { type NewItem, type ObjectStore, readAll, type Table } from "../../storage/mod.ts";
import { CONFIG, imageOfSize, LAYER } from "../../tests/harness/images.ts";
import { content, digest, IMAGE, imageOf, pushBlob, pushManifest } from "../../tests/harness/stores.ts";

export { COMMANDS } from "../commands.ts";
export { check, provision } from "../provision/mod.ts";

/** The settings of a folder, without a log: the audit would be in the way of what tests print. */
export function folderConfig(data: string): Config {
  return readSettings({ SKERRY_DATA: data, SKERRY_LOG: "off" })!;
}

/** Runs `test` with an empty folder. */
export async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "skerry-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Output of a command, and its exit code. */
export async function printed(
  command: (print: (text: string) => void) => Promise<number>,
): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const code = await command((text) => lines.push(text));
  return { code, lines };
}

/** Runs `use` with the storage of the configuration. */
export async function withStorage<T>(
  config: Config,
  use: (stores: { objects: ObjectStore; table: Table; registry: Registry }) => Promise<T>,
): Promise<T> {
  const storage = await openStorage({ ...config, s3VerifiesContent: "off" }, createLog({ format: "off" }));
  try {
    const { registry } = createRegistry({ ...storage });
    return await use({ ...storage, registry });
  } finally {
    await storage.close();
  }
}

/** Bytes of a layer that has parts in every store. */
export const SEVERAL_PARTS = 11 * 2 ** 20 + 5;

/** Pushes images, one of them large in each way, moves a tag, and attaches a referrer. */
export async function fill(registry: Registry): Promise<void> {
  const large = content(SEVERAL_PARTS, 3);
  for (const bytes of [CONFIG, LAYER, large]) await pushBlob(registry, bytes);
  const image = imageOf(CONFIG, [LAYER]);
  await pushManifest(registry, image, "latest", "1.0");
  await pushManifest(registry, imageOf(CONFIG, [LAYER, large]), "latest");
  await pushManifest(registry, imageOfSize(300_000), "large");
  const subject = { mediaType: IMAGE, digest: digest(image), size: image.length };
  await pushManifest(registry, imageOf(CONFIG, [], { subject, annotations: { kind: "signature" } }));
}

/** All that a registry has: items without their versions, by key, and the hashes of the objects. */
export async function everythingIn(
  { objects, table }: { objects: ObjectStore; table: Table },
): Promise<{ items: NewItem[]; objects: [string, string][] }> {
  const { items, next } = await table.scan({ limit: 10_000, consistent: true });
  if (next !== undefined) throw new RangeError("Too many items to compare");
  const keys = [
    ...await objects.list("blobs/", { limit: 1000 }),
    ...await objects.list("manifests/", { limit: 1000 }),
  ];
  const hashed = await Promise.all(keys.map(async (key): Promise<[string, string]> => {
    const bytes = await readAll((await objects.get(key))!.body);
    return [key, digest(bytes)];
  }));
  const plain = items.map(({ version: _, ...item }) => item);
  return {
    items: plain.toSorted((a, b) => `${a.pk} ${a.sk}` < `${b.pk} ${b.sk}` ? -1 : 1),
    objects: hashed,
  };
}

/** The item of an upload without the objects that it lists for the sweep; every other item as it is. */
export function withoutLeftObjects(item: NewItem): NewItem {
  const { left: _, ...attributes } = item.attributes;
  return { ...item, attributes };
}
