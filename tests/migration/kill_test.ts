/** An import that is killed while a registry serves the destination, and continued. */
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { startRegistry } from "../harness/registry_process.ts";
import { digest } from "../harness/stores.ts";
import { assertArrived, SOUND } from "./arrived.ts";
import { fleetOf, tagsOf } from "./fleet.ts";
import { distributionFormat, zotFormat } from "./formats.ts";
import { runImport, withRegistry } from "./run_import.ts";
import { filesIn } from "./source_files.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** Milliseconds until an import must have pushed its first tags. */
const DEADLINE_MS = 60_000;

/** Starts the command as a process, and kills it when the registry lists some tags. */
async function importUntilKilled(
  source: string,
  { data, url }: { data: string; url: string },
): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-all", MAIN, "import", source],
    env: { SKERRY_DATA: data, SKERRY_LOG: "off" },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const end = Date.now() + DEADLINE_MS;
  while (await repositoriesAt(url) < 3) {
    assert(Date.now() < end, "The import has pushed nothing");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  child.kill("SIGKILL");
  assertEquals((await child.status).signal, "SIGKILL");
}

async function repositoriesAt(url: string): Promise<number> {
  const response = await fetch(`${url}/v2/_catalog`);
  const { repositories } = await response.json();
  return repositories.length;
}

for (const format of [zotFormat(), distributionFormat()]) {
  Deno.test(`an import from ${format.name} continues after a kill, while the registry serves`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "skerry-" });
    try {
      const fleet = fleetOf({ images: 100, layerBytes: 40_000 });
      await format.writeFleet(filesIn(`${folder}/source`), fleet);
      const data = `${folder}/data`;
      await using server = await startRegistry({ data });
      await importUntilKilled(`${folder}/source`, { data, url: server.url });
      assert(await repositoriesAt(server.url) < fleet.size, "The import had ended before it was killed");

      const settings = { SKERRY_DATA: data };
      const second = await runImport(settings, [`${folder}/source`]);
      assertEquals([second.code, second.findings], [0, []]);
      assert(second.report.presentManifests! > 0, "The second import began anew");
      assertEquals(second.report.tags! + second.report.presentTags!, tagsOf(fleet).size);
      await withRegistry(settings, (registry) => assertArrived(registry, fleet, SOUND));
      const third = await runImport(settings, [`${folder}/source`]);
      assertEquals([third.report.manifests, third.report.tags, third.report.blobs], [0, 0, 0]);

      for (const [at, target] of tagsOf(fleet)) {
        const [name, tag] = at.split(":");
        const response = await fetch(`${server.url}/v2/${name}/manifests/${tag}`);
        assertEquals([response.status, digest(await response.bytes())], [200, target]);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
