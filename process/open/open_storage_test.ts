import { assertEquals, assertRejects } from "@std/assert";
import { generateKeyPairSync } from "node:crypto";
import type { Log } from "../log/mod.ts";
import { openStorage } from "./open_storage.ts";
import { type Config, readSettings, StartError } from "../../config/mod.ts";
import { type Quirks, type S3Server, startS3 } from "../../tests/s3/mod.ts";
import { createTable, CREDENTIALS, CREDENTIALS_ENV, startDynalite } from "../../tests/services/mod.ts";

for (const [name, value] of Object.entries(CREDENTIALS_ENV)) Deno.env.set(name, value);

/** A log that remembers what was told, by its level. */
class Told implements Log {
  readonly lines: string[] = [];
  request() {}
  audit() {}
  auditReady = () => true;
  info = (message: string) => void this.lines.push(`info: ${message}`);
  warn = (message: string) => void this.lines.push(`warn: ${message}`);
  error = (message: string) => void this.lines.push(`error: ${message}`);
  async flush() {}
}

interface Scene {
  s3: S3Server;
  config: (more?: Record<string, string>) => Config;
  log: Told;
}

/** Runs `test` with a bucket that has these quirks, and a table. */
async function withAws(quirks: Partial<Quirks>, test: (scene: Scene) => Promise<void>): Promise<void> {
  await using s3 = await startS3({ credentials: CREDENTIALS, quirks });
  await using dynalite = await startDynalite();
  await createTable(dynalite.endpoint, "registry");
  const settings = {
    AWS_REGION: s3.region,
    AWS_ENDPOINT_URL: dynalite.endpoint,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    SKERRY_STORAGE: "aws",
    SKERRY_S3_BUCKET: s3.bucket,
    SKERRY_S3_PREFIX: "registry",
    SKERRY_S3_PATH_STYLE: "on",
    SKERRY_DYNAMODB_TABLE: "registry",
  };
  await test({ s3, config: (more) => readSettings({ ...settings, ...more })!, log: new Told() });
}

/** Waits until the background has told something or the store can take unhashed content. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

Deno.test("openStorage() opens a bucket and a table, under the prefix and with the parts that are configured", async () => {
  await withAws({}, async ({ s3, config, log }) => {
    const { objects, table, maxBlobSize, close } = await openStorage(
      config({ SKERRY_S3_PART_SIZE: "6MiB" }),
      log,
    );
    assertEquals([objects.partSize, maxBlobSize], [6 * 2 ** 20, 60_000 * 2 ** 20]);
    await objects.put("a/b", Uint8Array.of(1));
    assertEquals(s3.log.filter(({ key }) => key === "registry/a/b").length, 1);
    assertEquals(await table.get({ pk: "a", sk: "b" }), undefined);
    await until(() => objects.putStream !== undefined);
    assertEquals(log.lines, []);
    await close();
  });
});

Deno.test("openStorage() warns of a bucket that does not check content, and does not trust it", async () => {
  await withAws({ ignoresContentHash: true }, async ({ config, log }) => {
    const { objects, close } = await openStorage(config(), log);
    await until(() => log.lines.length > 0);
    assertEquals(log.lines, [
      "warn: The bucket does not verify content: the registry hashes every push itself",
    ]);
    assertEquals(objects.putStream, undefined);
    await close();
  });
});

Deno.test("openStorage() does not probe the bucket if the setting answers the question, or in read-only mode", async () => {
  await withAws({}, async ({ s3, config, log }) => {
    for (
      const [more, takes] of [
        [{ SKERRY_S3_VERIFIES_CONTENT: "on" }, "function"],
        [{ SKERRY_S3_VERIFIES_CONTENT: "off" }, "undefined"],
        [{ SKERRY_READ_ONLY: "on" }, "function"],
      ] as const
    ) {
      const { objects, close } = await openStorage(config(more), log);
      assertEquals(typeof objects.putStream, takes);
      await close();
    }
    assertEquals(s3.requests, {});
  });
});

Deno.test("openStorage() with SKERRY_CHECK rejects only if a required capability is missing", async () => {
  await withAws({ ignoresContentHash: true, ignoresConditions: true }, async ({ config, log }) => {
    const { close } = await openStorage(
      config({ SKERRY_CHECK: "on", SKERRY_S3_VERIFIES_CONTENT: "off" }),
      log,
    );
    await close();
    const absent = config({ SKERRY_CHECK: "on", SKERRY_DYNAMODB_TABLE: "absent" });
    const { message } = await assertRejects(() => openStorage(absent, log), StartError);
    assertEquals(message.split("\n"), [
      "Cannot use the bucket and the table:",
      "  write an item and read it consistently: Requested resource not found (ResourceNotFoundException)",
      "  write with a condition: not tested",
      "  read and write several items at once: not tested",
      "  query items in order, with pagination: not tested",
      "  query the index: not tested",
    ]);
  });
});

Deno.test("openStorage() signs URLs of CloudFront with the key of a file, and explains a wrong one", async () => {
  await withAws({}, async ({ config, log }) => {
    const file = await Deno.makeTempFile();
    const open = async () =>
      await openStorage(
        config({
          SKERRY_REDIRECT_ENDPOINT: "https://d1.cloudfront.net",
          SKERRY_REDIRECT_KEY_PAIR_ID: "K2",
          SKERRY_REDIRECT_KEY: file,
        }),
        log,
      );
    await assertRejects(open, StartError, "the key is not an RSA private key in PEM");
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    await Deno.writeTextFile(file, privateKey.export({ type: "pkcs1", format: "pem" }) as string);
    const { objects, close } = await open();
    const url = new URL(await objects.url!("a") ?? "");
    assertEquals([url.origin, url.pathname], ["https://d1.cloudfront.net", "/registry/a"]);
    await close();
    await Deno.remove(file);
    await assertRejects(open, StartError, "Cannot read redirectKey");
  });
});
