import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { createLog } from "../process/mod.ts";
import { openStorage } from "../process/open/open_storage.ts";
import { createRegistry, type Registry, type StoredRegistry } from "../registry/mod.ts";
import { folderConfig, withFolder } from "../cli/testing/mod.ts";
import {
  content,
  digest,
  imageOf,
  pushBlob,
  pushManifest,
  readBlob,
  REPOSITORY,
} from "../tests/harness/stores.ts";

const DAY = 86_400_000;

/** The commands are those of GNU. */
const ignore = Deno.build.os !== "linux";
const SKERRY = `${Deno.execPath()} run --quiet --allow-all ${
  fileURLToPath(new URL("../main.ts", import.meta.url))
}`;

/** A configuration and a layer. */
type Image = [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];

const OLD: Image = [content(9, 1), content(100_000, 2)];
const NEW: Image = [content(9, 3), content(100_000, 4)];

/** The commands of docs/backup.md that copy a registry which is running. */
async function documentedCommands(): Promise<string[]> {
  const page = await Deno.readTextFile(new URL("backup.md", import.meta.url));
  const [, block] = /### The bytes.*?```sh\n(.*?)```/s.exec(page)!;
  return block!.trim().split("\n");
}

/** Runs `use` with the registry of a data folder, by a clock that is so far from the real one. */
async function withRegistry<T>(
  data: string,
  use: (stored: StoredRegistry) => Promise<T>,
  offset = 0,
): Promise<T> {
  const storage = await openStorage(folderConfig(data), createLog({ format: "off" }));
  try {
    return await use(createRegistry({ ...storage, now: () => Date.now() + offset }));
  } finally {
    await storage.close();
  }
}

async function shell(command: string): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command("sh", { args: ["-c", command] }).output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

/** Pushes an image with a tag. */
async function push(registry: Registry, [config, layer]: Image, name: string): Promise<void> {
  for (const blob of [config, layer]) await pushBlob(registry, blob);
  await pushManifest(registry, imageOf(config, [layer]), name);
}

/** Deletes both images, and collects what that leaves, as a running registry may at any time. */
async function deleteAndCollect({ registry, collect }: StoredRegistry): Promise<void> {
  for (const [config, layer] of [OLD, NEW]) {
    await registry.deleteManifest(REPOSITORY, digest(imageOf(config, [layer])));
  }
  for (let round = 0; round < 4; round++) {
    for (let step = await collect(); step.next !== undefined; step = await collect({ after: step.next }));
  }
}

/** Copies a registry by these commands, beside pushes, deletes and collections, and answers what its restore says. */
async function copyAndRestore(commands: string[], folder: string): Promise<{ code: number; text: string }> {
  const [data, copy] = [`${folder}/data`, `${folder}/copy`];
  await withRegistry(data, ({ registry }) => push(registry, OLD, "old"), -3 * DAY);
  for (const command of commands) {
    // What is pushed before the backup, but after the first copy.
    if (command.includes("skerry backup")) {
      await withRegistry(data, ({ registry }) => push(registry, NEW, "new"));
    }
    const { code, text } = await shell(
      command.replaceAll("/srv/skerry-copy", copy).replaceAll("/srv/skerry", data)
        .replace(/npx --yes deno@\S+ task skerry/, SKERRY),
    );
    assertEquals(code, 0, text);
    if (command.includes("skerry backup")) await withRegistry(data, deleteAndCollect);
  }
  return await shell(`SKERRY_DATA=${copy} ${SKERRY} restore ${copy}/items.ndjson.gz`);
}

Deno.test(
  "the commands of docs/backup.md copy everything while images are deleted and collected",
  { ignore },
  async () => {
    await withFolder(async (folder) => {
      const { code, text } = await copyAndRestore(await documentedCommands(), folder);
      assertEquals(code, 0, text);
      assertMatch(text, /Restored 2 tags, 2 manifests and 4 blobs; missing: 0 objects/);
      await withRegistry(`${folder}/copy`, async ({ registry }) => {
        for (const [, layer] of [OLD, NEW]) assertEquals(await readBlob(registry, digest(layer)), layer);
      });
    });
  },
);

Deno.test(
  "a copy of the objects after the backup alone lacks blobs that were collected in between",
  { ignore },
  async () => {
    await withFolder(async (folder) => {
      const [mkdir, , backup, copyAfter] = await documentedCommands();
      const { code, text } = await copyAndRestore([mkdir!, backup!, copyAfter!], folder);
      assertNotEquals(code, 0);
      assertMatch(text, /its object is missing/);
    });
  },
);
