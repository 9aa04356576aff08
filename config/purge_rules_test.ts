import { assertEquals } from "@std/assert";
import { loadConfig } from "./config.ts";
import { purgeRules } from "./purge_rules.ts";

Deno.test("purgeRules() waits for the cache and for the replicas that GET reads", async () => {
  const replica = { region: "us-east-1", table: "items" };
  const delayWith = async (more: Record<string, string>) => {
    const config = await loadConfig({
      SKERRY_STORAGE: "aws",
      SKERRY_S3_BUCKET: "layers",
      SKERRY_DYNAMODB_TABLE: "items",
      AWS_REGION: "eu-central-1",
      SKERRY_READ_REPLICAS: JSON.stringify([replica]),
      ...more,
    });
    const face = { hosts: ["pull.test"], cdn: "deno" as const, digestTtl: 1, tagTtl: 0 };
    return purgeRules({ ...config, public: { ...face, purge: { deno: true } } }).purges?.delay;
  };
  assertEquals(await delayWith({}), 0);
  assertEquals(await delayWith({ SKERRY_CACHE_AGE: "2s" }), 2_000);
  assertEquals(await delayWith({ SKERRY_CACHE_AGE: "2s", SKERRY_TABLE_READS: "near" }), 7_000);
});
