/** Import of what Debian's release of CNCF distribution has written. */
import { assertEquals } from "@std/assert";
import { fleetOf, tagsOf } from "../fleet.ts";
import { distributionFormat } from "../formats.ts";
import { startDistribution } from "../old_registries.ts";
import { plantDamage } from "../planted_damage.ts";
import { pushFleet } from "../push_fleet.ts";
import { assertMigrates } from "../run_import.ts";
import { filesIn } from "../source_files.ts";

Deno.test("everything sound of 200 images arrives from Debian's docker-registry", async () => {
  const folder = await Deno.makeTempDir({ prefix: "skerry-" });
  try {
    const fleet = fleetOf({ images: 200 });
    const source = `${folder}/source`;
    {
      await using old = await startDistribution({ folder: source }, "docker-registry");
      await pushFleet(old.url, fleet);
    }
    const format = distributionFormat();
    const planted = await plantDamage({ files: filesIn(source), format, fleet });
    const report = await assertMigrates({ SKERRY_DATA: `${folder}/data` }, [source], { fleet, planted });
    assertEquals(report.repositories, 20);
    assertEquals(report.tags, tagsOf(fleet).size - planted.lost.size);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
