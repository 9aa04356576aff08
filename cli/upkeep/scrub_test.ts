import { assertEquals, assertMatch } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { createLog } from "../../process/mod.ts";
import type { Digest } from "../../oci/mod.ts";
import { openStorage } from "../../process/open/open_storage.ts";
import { createRegistry, type Finding, type Registry } from "../../registry/mod.ts";
import { readSettings } from "../../config/mod.ts";
import {
  content,
  digest,
  IMAGE,
  imageOf,
  pushBlob,
  pushManifest,
  readBlob,
  REPOSITORY,
} from "../../tests/harness/stores.ts";
import { readRate, scrub } from "./scrub.ts";

const CONFIG = content(9, 1);
/** Of several parts each. */
const LAYERS = Array.from({ length: 6 }, (_, i) => content(1_200_000, i + 2));
const IMAGE_BYTES = imageOf(CONFIG, LAYERS);
const LARGE = imageOf(CONFIG, [], { annotations: { filler: "x".repeat(300_000) } });

const configOf = (data: string) => readSettings({ SKERRY_DATA: data })!;

/** Does something with the registry of the folder. */
async function withRegistry(data: string, use: (registry: Registry) => Promise<unknown>): Promise<void> {
  const { objects, table, close } = await openStorage(configOf(data), createLog({ format: "off" }));
  await use(createRegistry({ objects, table }).registry);
  await close();
}

async function withFolder(test: (data: string) => Promise<void>): Promise<void> {
  const data = await Deno.makeTempDir();
  try {
    await withRegistry(data, async (registry) => {
      for (const blob of [CONFIG, ...LAYERS]) await pushBlob(registry, blob);
      await pushManifest(registry, IMAGE_BYTES, "latest");
      await pushManifest(registry, LARGE, "large");
    });
    await test(data);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
}

async function run(
  data: string,
  repair = false,
): Promise<{ code: number; findings: Finding[]; last: unknown }> {
  const lines: unknown[] = [];
  const sleep = () => Promise.resolve();
  const options = { repair, json: true, rate: readRate("1TiB")!, sleep };
  const code = await scrub(configOf(data), (line) => lines.push(JSON.parse(line)), options);
  const last = lines.pop();
  return { code, findings: lines as Finding[], last };
}

/** Changes the database of the folder behind everybody's back, or looks into it. */
function sql(data: string, statement: string, ...values: string[]): Record<string, unknown>[] {
  const database = new DatabaseSync(`${data}/table.sqlite`);
  try {
    return database.prepare(statement).all(...values);
  } finally {
    database.close();
  }
}

function fileOf(data: string, blob: Digest): string {
  const [row] = sql(data, "SELECT attributes FROM item WHERE pk = ? AND sk = 'blob'", `blob#${blob}`);
  return `${data}/objects/${JSON.parse(String(row!.attributes)).object}.object`;
}

function plant(data: string, pk: string, sk: string, attributes: Record<string, unknown>): void {
  const insert = "INSERT INTO item (pk, sk, version, attributes) VALUES (?, ?, 'planted', ?)";
  sql(data, insert, pk, sk, JSON.stringify(attributes));
}

async function flipByte(path: string, at: number): Promise<void> {
  const bytes = await Deno.readFile(path);
  bytes[at]! ^= 1;
  await Deno.writeFile(path, bytes);
}

const named = (findings: Finding[]) => findings.map(({ kind, name }) => `${kind} ${name}`).sort();

Deno.test("scrub() finds nothing in a healthy folder and exits with 0", async () => {
  await withFolder(async (data) => {
    const { code, findings, last } = await run(data);
    assertEquals([code, findings], [0, []]);
    assertEquals((last as { objects: number }).objects, 8);
    let printed = "";
    const options = { repair: false, json: false, rate: readRate("1TiB")! };
    assertEquals(await scrub(configOf(data), (line) => printed += line, options), 0);
    assertMatch(printed, /^Read \d+ items, 8 objects and \d+ bytes of 9 contents: 0 findings, 0 repaired$/);
  });
});

Deno.test("scrub() exits with 0 where all that it finds is left for a collector", async () => {
  await withFolder(async (data) => {
    plant(data, `repo#${REPOSITORY}`, `edge#${digest(CONFIG)}#${digest(content(60))}`, { at: 0 });
    const { code, findings } = await run(data);
    assertEquals([code, findings.map(({ kind }) => kind)], [0, ["dangling-edge"]]);
  });
});

Deno.test("scrub() finds each kind of damage in files and database, exits with 1, and repairs all that is repairable", async () => {
  await withFolder(async (data) => {
    const [flipped, truncated, missing, moved, forgotten, good] = LAYERS.map((layer) => digest(layer)) as [
      Digest,
      Digest,
      Digest,
      Digest,
      Digest,
      Digest,
    ];
    const lost = digest(content(60));
    const stray = content(12, 50);
    const orphan = (last: string) =>
      `${data}/objects/blobs/fff/fff${"0".repeat(29)}-a-b-${"1".repeat(16)}-${last.repeat(32)}.object`;
    await Deno.mkdir(`${data}/objects/blobs/fff`, { recursive: true });
    await flipByte(fileOf(data, flipped), 1_000_000);
    await Deno.truncate(fileOf(data, truncated), 1_199_999);
    await Deno.remove(fileOf(data, missing));
    await Deno.rename(fileOf(data, moved), orphan("1"));
    await Deno.copyFile(fileOf(data, good), orphan("2"));
    await Deno.writeFile(orphan("3"), stray);
    sql(data, "DELETE FROM item WHERE pk = ? AND sk = 'blob'", `blob#${forgotten}`);
    sql(data, "UPDATE item SET attributes = json_set(attributes, '$.touchedAt', 0) WHERE sk LIKE 'repo#%'");
    sql(data, "UPDATE item SET bytes = zeroblob(7) WHERE sk = ?", `manifest#${digest(IMAGE_BYTES)}`);
    const repository = `repo#${REPOSITORY}`;
    plant(data, repository, "tag#lost", { digest: lost, mediaType: IMAGE, size: 60, moves: [] });
    plant(data, repository, "tag#odd", { digest: 7 });
    plant(data, repository, `tagged#${lost}#lost`, { at: 0 });
    plant(data, repository, `edge#${good}#${lost}`, { at: 0 });
    plant(data, repository, `referrer#${digest(IMAGE_BYTES)}#${lost}`, {});

    const lasting = [
      `corrupt-manifest ${digest(IMAGE_BYTES)}`,
      `corrupt-object ${flipped}`,
      `missing-object ${missing}`,
      `orphan-object ${digest(stray)}`,
      `truncated-object ${truncated}`,
      `unreadable-item ${repository} tag#odd`,
    ];
    const all = [
      ...lasting,
      `dangling-edge ${good}#${lost}`,
      `dangling-link ${forgotten}`,
      `dangling-referrer ${digest(IMAGE_BYTES)}#${lost}`,
      `dangling-tag-mark ${lost}#lost`,
      `missing-object ${moved}`,
      `orphan-object ${moved}`,
      `orphan-object ${good}`,
      `tag-without-manifest lost`,
    ].sort();
    const found = await run(data);
    assertEquals([found.code, named(found.findings)], [1, all]);
    const repaired = await run(data, true);
    assertEquals([repaired.code, named(repaired.findings)], [1, all]);
    const left = await run(data, true);
    assertEquals([left.code, named(left.findings)], [1, lasting]);

    await withRegistry(data, async (registry) => {
      for (const layer of [LAYERS[3]!, LAYERS[5]!]) {
        assertEquals(digest(await readBlob(registry, digest(layer))), digest(layer));
      }
      for (const layer of LAYERS) await pushBlob(registry, layer);
      await pushManifest(registry, IMAGE_BYTES, "latest");
    });
    const healed = named((await run(data)).findings).filter((line) => !line.startsWith("orphan-object"));
    assertEquals(healed, [`unreadable-item ${repository} tag#odd`]);
  });
});

Deno.test("readRate() reads a size, and returns undefined for other text", () => {
  const rates = ["1MiB", undefined, "fast", "0"].map((text) => readRate(text));
  assertEquals(rates, [1_048_576, 32 * 1_048_576, undefined, undefined]);
});
