import { assertEquals } from "@std/assert";
import { loadConfig } from "../../config/config.ts";
import type { Config } from "../../config/mod.ts";
import { createLog } from "../../process/mod.ts";
import { openStorage } from "../../process/open/open_storage.ts";
import { digestTag, repositoryTag } from "../../registry/cache_tags.ts";
import { createRegistry, type StoredRegistry } from "../../registry/mod.ts";
import { content, digest, imageOf, pushBlob, pushManifest, REPOSITORY } from "../../tests/harness/stores.ts";
import { deleteRepository } from "./delete_repository.ts";
import { retainCommand } from "./retain.ts";

const PURGES = { digests: true, tags: true, delay: 0 };
const BLOB = content(9, 1);
const IMAGE = imageOf(BLOB, []);
const DAY_MS = 86_400_000;

/** Cache tags of the purges that a process which serves makes at once after a command. */
async function purgedAfter(command: (config: Config) => Promise<unknown>): Promise<string[]> {
  const data = await Deno.makeTempDir({ prefix: "skerry-" });
  try {
    const config = await loadConfig({
      SKERRY_DATA: data,
      SKERRY_PUBLIC: '{"hosts": ["a"], "tagTtl": "1s", "purge": {"varnish": ["http://127.0.0.1:1"]}}',
      SKERRY_RETENTION: '[{"repositories": ["**"], "keepTags": [{"tags": ["v*"]}]}]',
    });
    const open = async (use: (stored: StoredRegistry) => Promise<unknown>, now = Date.now) => {
      const { objects, table, close } = await openStorage(config, createLog({ format: "off" }));
      await use(createRegistry({ objects, table, now, purges: PURGES }));
      await close();
    };
    await open(async ({ registry }) => {
      await pushBlob(registry, BLOB);
      await pushManifest(registry, IMAGE, "latest");
    }, () => Date.now() - 3 * DAY_MS);
    await command(config);
    const purged: string[] = [];
    const target = { maxTags: 100, purge: (tags: string[]) => Promise.resolve(void purged.push(...tags)) };
    await open(async ({ outbox }) => (await outbox!()).drainDue(target));
    return purged;
  } finally {
    await Deno.remove(data, { recursive: true });
  }
}

Deno.test("skerry delete-repository and skerry retain leave their purges to the processes that serve, due at once", async () => {
  const deletes = (config: Config) => deleteRepository(config, () => {}, REPOSITORY, { dryRun: false });
  assertEquals(new Set(await purgedAfter(deletes)), new Set([repositoryTag(REPOSITORY)]));
  const retains = (config: Config) => retainCommand(config, () => {}, { dryRun: false, json: false });
  assertEquals(await purgedAfter(retains), [digestTag(digest(IMAGE))]);
});
