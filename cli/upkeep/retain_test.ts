import { assertEquals, assertRejects } from "@std/assert";
import { loadConfig } from "../../config/config.ts";
import { createLog } from "../../process/mod.ts";
import { openStorage } from "../../process/open/open_storage.ts";
import { createRegistry } from "../../registry/mod.ts";
import { type Config, StartError } from "../../config/mod.ts";
import { content, digest, imageOf, pushBlob, pushManifest, REPOSITORY } from "../../tests/harness/stores.ts";
import { retainCommand } from "./retain.ts";

const RULES = '[{"repositories": ["**"], "keepTags": [{"tags": ["v*"]}], "untaggedFor": "0"}]';
const CONFIG = content(9, 1);
const [KEPT, OTHER] = [imageOf(CONFIG, []), imageOf(CONFIG, [], { annotations: { name: "other" } })];

/** Runs `test` on a folder with two tags that went long ago by their clock. */
async function withFolder(test: (config: Config) => Promise<void>): Promise<void> {
  const data = await Deno.makeTempDir({ prefix: "skerry-" });
  try {
    const config = await loadConfig({ SKERRY_DATA: data, SKERRY_GRACE: "1h", SKERRY_RETENTION: RULES });
    const { objects, table, close } = await openStorage(config, createLog({ format: "off" }));
    const now = () => Date.now() - 3 * 86_400_000 - 1000;
    const { registry } = createRegistry({ objects, table, now });
    await pushBlob(registry, CONFIG);
    await pushManifest(registry, KEPT, "v1", "latest");
    await pushManifest(registry, OTHER, "pr-1");
    await close();
    await test(config);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
}

async function run(config: Config, options: { dryRun?: boolean; json?: boolean; repository?: string } = {}) {
  const lines: string[] = [];
  const code = await retainCommand(config, (text) => lines.push(text), {
    dryRun: false,
    json: false,
    ...options,
  });
  assertEquals(code, 0);
  return lines;
}

Deno.test("skerry retain prints each deletion with its reason, and in a dry run the same without deleting", async () => {
  await withFolder(async (config) => {
    const lines = [
      `${REPOSITORY}  tag latest  Rule 1: no pattern matches`,
      `${REPOSITORY}  tag pr-1  Rule 1: no pattern matches`,
      `${REPOSITORY}  manifest ${digest(OTHER)}  Rule 1: untagged, pushed 3d ago (kept 0d)`,
    ];
    for (let i = 0; i < 2; i++) {
      assertEquals(await run(config, { dryRun: true }), [...lines, "Would remove 2 tags, 1 manifest"]);
    }
    assertEquals(await run(config, { repository: "ci/**" }), ["Removed 0 tags, 0 manifests"]);
    assertEquals(await run(config), [
      ...lines,
      "Removed 2 tags, 0 manifests; 1 manifest condemned (a run after 1h removes them)",
    ]);
    const json = await run(config, { json: true });
    assertEquals(json.map((line) => JSON.parse(line)), [{
      kind: "manifest",
      repository: REPOSITORY,
      name: digest(OTHER),
      digest: digest(OTHER),
      reason: "Rule 1: untagged, pushed 3d ago (kept 0d)",
      pending: true,
    }]);
  });
});

Deno.test("skerry retain wants a rule, and a registry that may be written", async () => {
  await withFolder(async (config) => {
    await assertRejects(() => run({ ...config, retention: [] }), StartError, "no rule");
    await assertRejects(() => run({ ...config, readOnly: true }), StartError, "read-only");
    assertEquals((await run({ ...config, readOnly: true }, { dryRun: true })).length, 4);
  });
});
