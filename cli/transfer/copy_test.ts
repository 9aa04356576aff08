import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type Config, readSettings, StartError } from "../../config/mod.ts";
import { CONFIG } from "../../tests/harness/images.ts";
import { content, digest, REPOSITORY, tag } from "../../tests/harness/stores.ts";
import { startS3 } from "../../tests/s3/mod.ts";
import { createTable, CREDENTIALS_ENV, startDynalite } from "../../tests/services/mod.ts";
import { backup } from "./backup.ts";
import { copy } from "./copy.ts";
import { restore } from "./restore.ts";
import {
  everythingIn,
  fill,
  folderConfig,
  printed,
  withFolder,
  withoutLeftObjects,
  withStorage,
} from "../testing/mod.ts";

const EVERYTHING = { objectsOnly: false };

/** The settings of a bucket and of tables in it. */
async function withAws(test: (config: (table: string) => Config) => Promise<void>): Promise<void> {
  await using s3 = await startS3();
  await using dynalite = await startDynalite();
  for (const [name, value] of Object.entries(CREDENTIALS_ENV)) Deno.env.set(name, value);
  for (const table of ["registry", "another"]) await createTable(dynalite.endpoint, table);
  await test((table) =>
    readSettings({
      AWS_REGION: s3.region,
      AWS_ENDPOINT_URL: dynalite.endpoint,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      SKERRY_STORAGE: "aws",
      SKERRY_S3_BUCKET: s3.bucket,
      SKERRY_S3_PREFIX: "registry",
      SKERRY_S3_PATH_STYLE: "on",
      SKERRY_S3_PART_SIZE: "5MiB",
      SKERRY_DYNAMODB_TABLE: table,
    })!
  );
}

/**
 * Everything that is copied. Uploads that have not ended, such as the announcement of a manifest's object, are left out;
 * so are the objects that an ended upload lists.
 */
async function copiedOf(config: Config) {
  const { items, objects } = await withStorage(config, everythingIn);
  const ended = items.filter(({ attributes }) => attributes.state !== "open");
  return { items: ended.map(withoutLeftObjects), objects };
}

Deno.test("copy() keeps everything on the way from a folder to S3 and DynamoDB and back", async () => {
  await withAws(async (aws) => {
    await withFolder(async (folder) => {
      const [first, second] = [folderConfig(`${folder}/first`), folderConfig(`${folder}/second`)];
      await withStorage(first, ({ registry }) => fill(registry));
      const original = await copiedOf(first);
      const away = await printed((print) => copy(first, print, { to: aws("registry"), ...EVERYTHING }));
      assertEquals(away.code, 0, away.lines.join("\n"));
      assertMatch(away.lines.join("\n"), /^Copied 3 tags, 4 manifests and 3 blobs; missing: 0 objects/);
      assertEquals(await copiedOf(aws("registry")), original);

      const back = await printed((print) => copy(aws("registry"), print, { to: second, ...EVERYTHING }));
      assertEquals(back.code, 0, back.lines.join("\n"));
      assertEquals(await copiedOf(second), original);
      await withStorage(second, async ({ registry }) => {
        const moves = await registry.getTagHistory(REPOSITORY, tag("latest"));
        assertEquals(moves.length, 2);
        const { items } = await registry.listReferrers(REPOSITORY, moves[1]!.digest, { artifactTypes: [] });
        assertEquals(items[0]?.annotations, { kind: "signature" });
      });

      // The same bucket serves a table that was lost.
      await backup(aws("registry"), () => {}, { to: `${folder}/items` });
      const command = { from: `${folder}/items`, fromObjects: false, dryRun: false };
      assertEquals(await restore(aws("another"), () => {}, command), 0);
      assertEquals(await copiedOf(aws("another")), original);
    });
  });
});

Deno.test("copy() copies objects alone any number of times, and then the rest", async () => {
  await withFolder(async (folder) => {
    const [from, to] = [folderConfig(`${folder}/from`), folderConfig(`${folder}/to`)];
    await withStorage(from, ({ registry }) => fill(registry));
    for (let time = 0; time < 2; time++) {
      const { code, lines } = await printed((print) => copy(from, print, { to, objectsOnly: true }));
      assertEquals([code, lines], [0, ["Copied the objects; 0 could not be copied"]]);
      assertEquals((await copiedOf(to)).items, []);
    }
    assertEquals(await copy(from, () => {}, { to, ...EVERYTHING }), 0);
    assertEquals(await copiedOf(to), await copiedOf(from));
    await assertRejects(
      () => copy(from, () => {}, { to, ...EVERYTHING }),
      StartError,
      "Cannot restore into the table: it is not empty",
    );
    await assertRejects(() => copy(from, () => {}, { to: from, ...EVERYTHING }), StartError, "to itself");
  });
});

Deno.test("copy() fails if bytes do not match their digest, and copies the rest", async () => {
  await withFolder(async (folder) => {
    const [from, to] = [folderConfig(`${folder}/from`), folderConfig(`${folder}/to`)];
    await withStorage(from, async ({ registry, table, objects }) => {
      await fill(registry);
      const blob = await table.get({ pk: `blob#${digest(CONFIG)}`, sk: "blob" });
      const key = blob!.attributes.object as string;
      await objects.delete([key]);
      await objects.put(key, content(CONFIG.length, 99));
    });
    for (const objectsOnly of [true, false]) {
      const { code, lines } = await printed((print) => copy(from, print, { to, objectsOnly }));
      assertEquals(code, 1);
      assertMatch(
        lines[0]!,
        new RegExp(`^Blob ${digest(CONFIG)}: its object does not match its digest`),
      );
    }
  });
});
