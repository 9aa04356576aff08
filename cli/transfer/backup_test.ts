import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { AccountTokens, openKeyRing, readKeyRing } from "../../auth/mod.ts";
import { readSettings, StartError } from "../../config/mod.ts";
import { LAYER } from "../../tests/harness/images.ts";
import { digest, pushBlob } from "../../tests/harness/stores.ts";
import { backup } from "./backup.ts";
import { printBackups, restore } from "./restore.ts";
import {
  everythingIn,
  fill,
  folderConfig,
  printed,
  withFolder,
  withoutLeftObjects,
  withStorage,
} from "../testing/mod.ts";

const PLAIN = { fromObjects: false, dryRun: false };

/** Takes the table of a data folder away. */
async function destroyTable(data: string): Promise<void> {
  for (const suffix of ["", "-wal", "-shm"]) {
    await Deno.remove(`${data}/table.sqlite${suffix}`).catch(() => {});
  }
}

Deno.test("backup() and restore() bring a lost table back, from the object store and from a file", async () => {
  await withFolder(async (folder) => {
    const config = folderConfig(`${folder}/data`);
    await withStorage(config, ({ registry }) => fill(registry));
    const before = await withStorage(config, everythingIn);
    const stored = await printed((print) => backup(config, print));
    assertEquals([stored.code, stored.lines.length], [0, 1]);
    const [, count, name] = /^Wrote (\d+) items to backup (\d{8}t\d{6}z-[0-9a-f]{8})$/.exec(
      stored.lines[0]!,
    )!;
    const file = `${folder}/items.ndjson.gz`;
    await backup(config, () => {}, { to: file });
    assertMatch(
      (await printed((print) => printBackups(config, print))).lines.join("\n"),
      new RegExp(`^${name}  \\d+ bytes$`),
    );

    for (const from of [name!, file]) {
      await destroyTable(config.data);
      const { code, lines } = await printed((print) => restore(config, print, { from, ...PLAIN }));
      assertEquals(code, 0);
      assertEquals(lines.length, 2);
      assertMatch(lines[0]!, new RegExp(`^Backup of 20\\S+Z, ${count} items$`));
      assertMatch(
        lines[1]!,
        /^Restored 3 tags, 4 manifests and 3 blobs; missing: 0 objects, the manifests of 0 tags/,
      );
      const after = await withStorage(config, everythingIn);
      // The announcement of the large manifest's object is over, and the sweep lists the objects of ended uploads.
      const ended = before.items.map(withoutLeftObjects).map((item) =>
        item.attributes.state === "open"
          ? { ...item, attributes: { ...item.attributes, state: "aborting" } }
          : item
      );
      assertEquals(after, { ...before, items: ended });
    }
    await assertRejects(
      () => restore(config, () => {}, { from: file, ...PLAIN }),
      StartError,
      "Cannot restore into the table: it is not empty",
    );
  });
});

Deno.test("restore() with --dry-run only prints the expected result", async () => {
  await withFolder(async (folder) => {
    const config = folderConfig(`${folder}/data`);
    await withStorage(config, ({ registry }) => fill(registry));
    const file = `${folder}/items`;
    await backup(config, () => {}, { to: file });
    await withStorage(config, async ({ objects, table }) => {
      const blob = await table.get({ pk: `blob#${digest(LAYER)}`, sk: "blob" });
      await objects.delete([blob!.attributes.object as string]);
    });
    const dryRun = (print: (text: string) => void) =>
      restore(config, print, { from: file, ...PLAIN, dryRun: true });
    assertEquals((await printed(dryRun)).lines[0], "Cannot restore into the table: it is not empty");
    await destroyTable(config.data);
    const { code, lines } = await printed(dryRun);
    assertEquals(code, 1);
    assertMatch(lines.at(-1)!, /^Would restore 3 tags, 4 manifests and 2 blobs; missing: 1 object,/);
    assertEquals(lines.filter((line) => / is incomplete, missing: /.test(line)).length, 3);
    assertEquals((await withStorage(config, everythingIn)).items, []);
  });
});

Deno.test("restore() with --from-objects restores blobs that were pushed after the backup", async () => {
  await withFolder(async (folder) => {
    const config = folderConfig(`${folder}/data`);
    await withStorage(config, () => Promise.resolve()); // as a first start does
    await backup(config, () => {}, { to: `${folder}/items` });
    await withStorage(config, ({ registry }) => pushBlob(registry, LAYER));
    await destroyTable(config.data);
    const from = `${folder}/items`;
    const { code, lines } = await printed((print) =>
      restore(config, print, { from, fromObjects: true, dryRun: false })
    );
    assertEquals([code, lines.at(-1)], [0, "Blobs restored from objects: 1"]);
    assertMatch(lines[1]!, new RegExp(`: restored as blob ${digest(LAYER)}, without a link$`));
  });
});

Deno.test("backup() writes a file that only its owner can read, and never into an existing one", async () => {
  await withFolder(async (folder) => {
    const config = folderConfig(`${folder}/data`);
    await withStorage(config, ({ registry }) => fill(registry));
    const file = `${folder}/items`;
    await Deno.writeTextFile(`${file}.partial`, "another user's", { mode: 0o666 });
    await assertRejects(() => backup(config, () => {}, { to: file }), StartError, "remove it");
    assertEquals(await Deno.readTextFile(`${file}.partial`), "another user's");
    await Deno.remove(`${file}.partial`);
    await backup(config, () => {}, { to: file });
    const { mode } = await Deno.stat(file);
    if (Deno.build.os !== "windows") assertEquals(mode! & 0o777, 0o600);
  });
});

Deno.test("backup() and restore() say why they can't", async () => {
  await withFolder(async (folder) => {
    const config = folderConfig(`${folder}/data`);
    await withStorage(config, () => Promise.resolve()); // as a first start does
    const file = `${folder}/items`;
    await Deno.writeTextFile(file, "something else");
    await assertRejects(() => backup(config, () => {}, { to: file }), StartError, `"${file}" exists`);
    const nowhere = `${folder}/nowhere/items`;
    await assertRejects(
      () => backup(config, () => {}, { to: nowhere }),
      StartError,
      "Cannot write the backup: No such",
    );
    const attempt = (from: string) => () => restore(config, () => {}, { from, ...PLAIN });
    await assertRejects(attempt(file), StartError, "Cannot read the backup: ");
    await assertRejects(attempt(nowhere), StartError, "Cannot read the backup: No such file");
    await assertRejects(attempt("20260102t030405z-0a1b2c3d"), StartError, "Cannot find backup");
    const memory = readSettings({ SKERRY_STORAGE: "memory" })!;
    await assertRejects(
      () => backup(memory, () => {}),
      StartError,
      "in the process that serves it",
    );
  });
});

Deno.test("a backup contains the hashes of robot tokens, and no signing keys", async () => {
  await withFolder(async (folder) => {
    const config = folderConfig(`${folder}/data`);
    const { token, key } = await withStorage(config, async ({ table }) => {
      const { keys } = await openKeyRing(table, 60_000, Date.now());
      const accountTokens = new AccountTokens({ table, findUser: () => ({ credential: "hash" }) });
      const { text } = await accountTokens.create({ kind: "robot", name: "ci", createdBy: "test" });
      return { token: text, key: keys[0]! };
    });
    const file = `${folder}/items`;
    await backup(config, () => {}, { to: file });
    const unzipped = (await Deno.open(file)).readable.pipeThrough(new DecompressionStream("gzip"));
    const written = await new Response(unzipped).text();
    assertEquals([key.kid, key.d!, token].filter((text) => written.includes(text)), []);
    assertEquals(written.includes('"ci"'), true);
    await destroyTable(config.data);
    assertEquals((await printed((print) => restore(config, print, { from: file, ...PLAIN }))).code, 0);
    await withStorage(config, async ({ table }) => {
      assertEquals(await readKeyRing(table), undefined);
      const accountTokens = new AccountTokens({ table, findUser: () => ({ credential: "hash" }) });
      assertEquals((await accountTokens.verify("ci", token))?.name, "robot:ci");
      assertEquals(
        (await accountTokens.list({ owner: { kind: "robot", name: "ci" }, limit: 9 })).tokens.length,
        1,
      );
    });
  });
});
