import { assertEquals, assertRejects } from "@std/assert";
import { createLog, type Log } from "../log/mod.ts";
import { loadConfig } from "../../config/config.ts";
import { StartError } from "../../config/mod.ts";
import { KeySigner } from "../../trust/testing/signed_images.ts";
import { lostContentMessage, openRegistry } from "./open_registry.ts";
import { openStorage } from "./open_storage.ts";
import { FAILURE_SHARDS, failureKey } from "../../auth/items.ts";
import { RegistryError } from "../../oci/mod.ts";
import { createRegistry } from "../../registry/mod.ts";
import {
  content,
  imageOf,
  pushBlob,
  pushManifest,
  readBlob,
  REPOSITORY,
  tag,
} from "../../tests/harness/stores.ts";

const CONFIG = content(9, 1);

/** The last pulls that are recorded after a tag has been pulled with these rules and the registry closed. */
async function pullsAfter(rules: string, readOnly = "off"): Promise<string[]> {
  const data = await Deno.makeTempDir({ prefix: "skerry-" });
  const log = createLog({ format: "off" });
  const settings = { SKERRY_DATA: data, SKERRY_SWEEP_INTERVAL: "0", SKERRY_RETENTION_INTERVAL: "0" };
  try {
    const writer = await openRegistry(await loadConfig(settings), log);
    await pushBlob(writer.served.registry, CONFIG);
    await pushManifest(writer.served.registry, imageOf(CONFIG, []), "v1");
    await writer.close();
    const config = await loadConfig({ ...settings, SKERRY_RETENTION: rules, SKERRY_READ_ONLY: readOnly });
    const opened = await openRegistry(config, log);
    for (let i = 0; i < 2; i++) await opened.served.registry.getManifest(REPOSITORY, { tag: tag("v1") });
    await opened.close();
    const { table, close } = await openStorage(config, log);
    const items = await table.query(`repo#${REPOSITORY}`, { prefix: "pulled#", limit: 10 });
    await close();
    return items.map(({ sk }) => sk);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
}

Deno.test("openRegistry() records pulls at the latest when it is closed, where a rule asks for them", async () => {
  const rules = (keep: string) => `[{"repositories": ["**"], "keepTags": [{${keep}}]}]`;
  assertEquals(await pullsAfter(rules('"pulledWithin": "1d"')), ["pulled#v1"]);
  assertEquals(await pullsAfter(rules('"pulledWithin": "1d"'), "on"), ["pulled#v1"]);
  assertEquals(await pullsAfter(rules('"pushedWithin": "1d"')), []);
});

Deno.test("openRegistry() keeps a tag that is only pulled through a read-only process from retention", async () => {
  const data = await Deno.makeTempDir({ prefix: "skerry-" });
  const log = createLog({ format: "off" });
  const rules = '[{"repositories": ["**"], "keepTags": [{"pulledWithin": "1d"}]}]';
  const settings = { SKERRY_DATA: data, SKERRY_RETENTION: rules, SKERRY_RETENTION_INTERVAL: "0" };
  try {
    const config = await loadConfig(settings);
    const storage = await openStorage(config, log);
    const long = createRegistry({ ...storage, now: () => Date.now() - 10 * 86_400_000 });
    await pushBlob(long.registry, CONFIG);
    await pushManifest(long.registry, imageOf(CONFIG, []), "pulled", "forgotten");

    const edge = await openRegistry(await loadConfig({ ...settings, SKERRY_READ_ONLY: "on" }), log);
    await edge.served.registry.getManifest(REPOSITORY, { tag: tag("pulled") });
    await edge.close();

    const { retain, registry } = createRegistry(storage);
    await Array.fromAsync(retain(config.retention));
    assertEquals((await registry.listTags(REPOSITORY, {})).items, ["pulled"]);
    await storage.close();
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});

Deno.test("openRegistry() enforces the rules of signatures, and those of a changed configuration", async () => {
  const data = await Deno.makeTempDir({ prefix: "skerry-" });
  const signer = new KeySigner();
  const warnings: unknown[][] = [];
  const log: Log = { ...createLog({ format: "off" }), warn: (...line) => warnings.push(line) };
  const settings = { SKERRY_DATA: data, SKERRY_SWEEP_INTERVAL: "0" };
  const configOf = (mode?: string) => {
    const rule = { name: "production", repositories: ["**"], mode, keys: { release: signer.pem } };
    return loadConfig({ ...settings, ...(mode && { SKERRY_VERIFY: JSON.stringify([rule]) }) });
  };
  const opened = await openRegistry(await configOf(), log);
  try {
    const image = imageOf(CONFIG, []);
    await pushBlob(opened.served.registry, CONFIG);
    const subject = await pushManifest(opened.served.registry, image, "v1");
    const pull = () =>
      opened.served.registry.getManifest(REPOSITORY, { tag: tag("v1") }, { puller: { name: "anonymous" } });
    const change = async (mode?: string) => (await opened.prepare(await configOf(mode))).commit();
    await pull();
    assertEquals((await opened.served.signatures.report(REPOSITORY, subject)).state, "unsigned");
    await change("audit");
    await pull();
    await pull();
    assertEquals(warnings, [[
      "A manifest without a required signature: the rule would deny its pull",
      { repository: REPOSITORY, digest: subject, rule: "production", reason: "No signature found" },
    ]]);
    await change("enforce");
    await assertRejects(pull, RegistryError, "Pull denied");
    await assertRejects(() => pushManifest(opened.served.registry, image, "v2"), RegistryError, "Tag denied");
    assertEquals((await opened.served.signatures.report(REPOSITORY, subject)).rules[0]!.met, false);
    await signer.pushSimple(opened.served.registry, subject);
    await pull();
    await pushManifest(opened.served.registry, image, "v2");
    assertEquals((await opened.served.signatures.report(REPOSITORY, subject)).state, "verified");
  } finally {
    await opened.close();
    await Deno.remove(data, { recursive: true });
  }
});

Deno.test("openRegistry() refuses rules whose files cannot be used", async () => {
  const rule = { name: "production", repositories: ["**"], keys: { release: "/no/such/file" } };
  const config = await loadConfig({ SKERRY_STORAGE: "memory", SKERRY_VERIFY: JSON.stringify([rule]) });
  await assertRejects(
    () => openRegistry(config, createLog({ format: "off" })),
    StartError,
    'verify: Cannot use the rule "production": Cannot read "/no/such/file"',
  );
});

Deno.test("openRegistry() warns of a blob whose object is missing, with its digest and repository", async () => {
  const data = await Deno.makeTempDir({ prefix: "skerry-" });
  const warnings: unknown[] = [];
  const log: Log = {
    ...createLog({ format: "off" }),
    warn: (message, fields) => void warnings.push([message, fields]),
  };
  try {
    const config = await loadConfig({ SKERRY_DATA: data, SKERRY_SWEEP_INTERVAL: "0" });
    const storage = await openStorage(config, log);
    const past = createRegistry({ ...storage, now: () => Date.now() - 10 * 86_400_000 });
    const digest = await pushBlob(past.registry, CONFIG);
    const [object = ""] = await storage.objects.list("blobs/", { limit: 1 });
    await storage.objects.delete([object]);
    await storage.close();

    const opened = await openRegistry(config, log);
    await assertRejects(() => readBlob(opened.served.registry, digest), RegistryError);
    await opened.close();
    assertEquals(warnings, [[lostContentMessage("blob"), { repository: REPOSITORY, digest, object }]]);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});

Deno.test("openRegistry() forgets failed logins in a read-only process, and in one that sweeps no uploads", async () => {
  const data = await Deno.makeTempDir({ prefix: "skerry-" });
  const log = createLog({ format: "off" });
  const settings = { SKERRY_DATA: data, SKERRY_AUTH: "{ url: https://registry.test }" };
  try {
    const { table, close } = await openStorage(await loadConfig(settings), log);
    const key = failureKey("address", "0".repeat(64));
    for (const variant of [{ SKERRY_READ_ONLY: "on" }, { SKERRY_SWEEP_INTERVAL: "0" }]) {
      await table.put({ ...key, attributes: { failures: 3, blockedUntil: 0, at: 0 } }, { ifAbsent: true });
      const opened = await openRegistry(await loadConfig({ ...settings, ...variant }), log);
      await opened.upkeep(1000);
      await opened.close();
      assertEquals(await table.query(FAILURE_SHARDS[0]!, { limit: 1, consistent: true }), []);
    }
    await close();
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});

Deno.test("openRegistry() runs the background work only in the worker that has it", async () => {
  const data = await Deno.makeTempDir({ prefix: "skerry-" });
  const log = createLog({ format: "off" });
  const config = await loadConfig({ SKERRY_DATA: data, SKERRY_AUTH: "{ url: https://registry.test }" });
  try {
    const { table, close } = await openStorage(config, log);
    const key = failureKey("address", "0".repeat(64));
    await table.put({ ...key, attributes: { failures: 3, blockedUntil: 0, at: 0 } }, { ifAbsent: true });
    const left: number[] = [];
    for (const runsUpkeep of [false, true]) {
      const opened = await openRegistry(config, log, { share: 0.5, runsUpkeep });
      await opened.upkeep(1000);
      await opened.close();
      left.push((await table.query(FAILURE_SHARDS[0]!, { limit: 1, consistent: true })).length);
    }
    assertEquals(left, [1, 0]);
    await close();
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});
