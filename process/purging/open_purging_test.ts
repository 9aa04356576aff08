import { assertEquals, assertRejects } from "@std/assert";
import { loadConfig } from "../../config/config.ts";
import { StartError } from "../../config/mod.ts";
import { purgeRules } from "../../config/purge_rules.ts";
import { repositoryTag } from "../../registry/cache_tags.ts";
import {
  content,
  imageOf,
  pushBlob,
  pushManifest,
  REPOSITORY,
  tag,
  TestStores,
} from "../../tests/harness/stores.ts";
import { createLog } from "../log/mod.ts";
import { openPurging } from "./open_purging.ts";

const BLOB = content(9);

/** Opens purging for `public` with these fields over a registry with an image. */
async function open(fields: Record<string, unknown>, env: Record<string, string> = {}) {
  const config = await loadConfig({ SKERRY_PUBLIC: JSON.stringify({ hosts: ["a"], ...fields }), ...env });
  const stored = new TestStores().registry(purgeRules(config));
  await pushBlob(stored.registry, BLOB);
  await pushManifest(stored.registry, imageOf(BLOB, []), "latest");
  const outbox = await stored.outbox!();
  const log = createLog({ format: "off" });
  return { stored, purging: await openPurging(config, outbox, { log, runsUpkeep: false }) };
}

Deno.test("openPurging() purges the configured cache of a change", async () => {
  const banned: string[] = [];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    banned.push(`${request.method} ${request.headers.get("X-Cache-Tag")}`);
    return new Response(null, { status: 204 });
  });
  const { stored, purging } = await open({ purge: { varnish: [`http://127.0.0.1:${server.addr.port}`] } });
  await stored.registry.deleteRepository(REPOSITORY);
  await purging!.stop();
  assertEquals(banned, [`BAN ${repositoryTag(REPOSITORY)}`]);
});

Deno.test("openPurging() waits as long as a process may send earlier answers", async () => {
  const fields = { purge: { varnish: ["http://127.0.0.1:1"] } };
  const aws = {
    SKERRY_STORAGE: "aws",
    SKERRY_S3_BUCKET: "b",
    SKERRY_DYNAMODB_TABLE: "t",
    AWS_REGION: "eu-central-1",
  };
  const replicas = JSON.stringify([{ region: "us-east-1", bucket: "b2", table: "t" }]);
  const near = { ...aws, SKERRY_TABLE_READS: "near", SKERRY_READ_REPLICAS: replicas };
  for (const [env, expected] of [[{}, 1000], [{ SKERRY_CACHE_AGE: "2s" }, 3000], [near, 6000]] as const) {
    const { stored, purging } = await open(fields, env);
    const waits: unknown[] = [];
    const { setTimeout } = globalThis;
    globalThis.setTimeout = ((_run: () => void, milliseconds: number) =>
      void waits.push(milliseconds)) as never;
    try {
      await stored.registry.deleteTag(REPOSITORY, tag("latest"));
      await stored.registry.deleteRepository(REPOSITORY);
    } finally {
      globalThis.setTimeout = setTimeout;
    }
    assertEquals(waits.filter((wait) => wait === expected).length > 0, true, `${waits}`);
    await purging!.stop();
  }
});

Deno.test("openPurging() leaves purges to the app when the cache is the CDN of Deno Deploy", async () => {
  assertEquals((await open({ cdn: "deno", purge: { deno: true } })).purging, undefined);
});

Deno.test("openPurging() refuses a file of the API token that cannot be read", async () => {
  const fields = { cdn: "fastly", purge: { fastly: "SU1Z0" } };
  const error = await assertRejects(() => open(fields, { SKERRY_PURGE_TOKEN_FILE: "/absent" }), StartError);
  assertEquals(error.message.startsWith('Cannot read purgeTokenFile "/absent": '), true, error.message);
});
