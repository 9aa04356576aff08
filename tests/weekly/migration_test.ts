/** Imports of 200 images that a real zot and a real distribution have written, from folders and buckets. */
import { assert, assertEquals } from "@std/assert";
import { assertArrived, SOUND } from "../migration/arrived.ts";
import { type Fleet, fleetOf, type FleetRepository, tagsOf } from "../migration/fleet.ts";
import { distributionFormat, type Format, zotFormat } from "../migration/formats.ts";
import {
  type OldRegistry,
  type OldStorage,
  ROOT_DIRECTORY,
  startDistribution,
  startZot,
} from "../migration/old_registries.ts";
import { plantDamage } from "../migration/planted_damage.ts";
import { pushFleet } from "../migration/push_fleet.ts";
import { assertMigrates, runImport, type Settings, withRegistry } from "../migration/run_import.ts";
import { filesIn, filesOfBucket, type SourceFiles } from "../migration/source_files.ts";
import {
  createBucket,
  createTable,
  CREDENTIALS,
  CREDENTIALS_ENV,
  REGION,
  startDynamoDb,
  startVersityGw,
} from "../services/mod.ts";

const IMAGES = 200;

/** Pushes a fleet to an old registry and stops it. */
async function fill(start: () => Promise<OldRegistry>, fleet: Fleet): Promise<void> {
  await using old = await start();
  await pushFleet(old.url, fleet);
}

/** Damages the storage of a fleet, imports it twice, and checks the result. */
async function assertDamagedMigrates(
  { files, format, fleet }: { files: SourceFiles; format: Format; fleet: Fleet },
  settings: Settings,
  args: string[],
) {
  const planted = await plantDamage({ files, format, fleet });
  const report = await assertMigrates(settings, args, { fleet, planted });
  assertEquals([report.repositories, report.tags], [20, tagsOf(fleet).size - planted.lost.size]);
  return report;
}

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "skerry-" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("everything sound of 200 images arrives from zot's folder", async () => {
  await withFolder(async (folder) => {
    const [source, fleet] = [`${folder}/source`, fleetOf({ images: IMAGES })];
    await fill(() => startZot({ folder: source }), fleet);
    const { nlink } = await Deno.stat(`${source}/${sharedLayer(fleet, "app-0")}`);
    assert(nlink! > 1, "zot has not deduplicated");
    const scene = { files: filesIn(source), format: zotFormat(), fleet };
    await assertDamagedMigrates(scene, { SKERRY_DATA: `${folder}/data` }, [source]);
  });
});

Deno.test("imports beside a zot that takes pushes, and one after it, bring everything", async () => {
  await withFolder(async (folder) => {
    const [source, fleet] = [`${folder}/source`, fleetOf({ images: IMAGES })];
    const settings = { SKERRY_DATA: `${folder}/data` };
    const [first, ...rest] = fleet;
    let imports = 0;
    {
      await using old = await startZot({ folder: source });
      await pushFleet(old.url, new Map([first!]));
      let isPushing = true;
      const pushed = pushFleet(old.url, new Map(rest)).finally(() => isPushing = false);
      for (; isPushing; imports++) await runImport(settings, [source]);
      await pushed;
    }
    assert(imports > 1, "No import ran beside the pushes");
    const last = await runImport(settings, [source]);
    assertEquals([last.code, last.findings], [0, []]);
    await withRegistry(settings, (registry) => assertArrived(registry, fleet, SOUND));
  });
});

/** Path of a layer that every repository has, in one of them. */
function sharedLayer(fleet: Fleet, name: string): string {
  const [{ manifests }] = [...fleet.values()] as [FleetRepository];
  const { layers } = JSON.parse(new TextDecoder().decode(manifests[0]!.bytes));
  return zotFormat().contentPath(name, layers[0].digest);
}

/** Checks that only one repository has the bytes of a layer that all of them have. */
async function assertPlaceholders(files: SourceFiles, fleet: Fleet): Promise<void> {
  const sizes = [];
  for (const name of fleet.keys()) sizes.push((await files.read(sharedLayer(fleet, name))).length);
  assertEquals(sizes.filter((size) => size > 0).length, 1, `${sizes}`);
}

const BUCKETS: [
  name: string,
  format: Format,
  start: (storage: OldStorage) => Promise<OldRegistry>,
  prefix: string,
][] = [
  ["zot", zotFormat(), startZot, `${ROOT_DIRECTORY}/${ROOT_DIRECTORY}`],
  [
    "distribution",
    distributionFormat(),
    (storage) => startDistribution(storage, "distribution"),
    ROOT_DIRECTORY,
  ],
];

for (const [name, format, start, prefix] of BUCKETS) {
  Deno.test(`everything sound of 200 images arrives from ${name}'s bucket in S3 and DynamoDB`, async () => {
    await using s3 = await startVersityGw();
    await using dynamo = await startDynamoDb();
    const { endpoint } = s3;
    for (const bucket of ["old-registry", "skerry"]) await createBucket(endpoint, bucket);
    await createTable(dynamo.endpoint, "skerry");
    const fleet = fleetOf({ images: IMAGES });
    await fill(() => start({ endpoint, bucket: "old-registry" }), fleet);
    for (const [variable, value] of Object.entries(CREDENTIALS_ENV)) Deno.env.set(variable, value);
    const settings = {
      AWS_REGION: REGION,
      AWS_ENDPOINT_URL: dynamo.endpoint,
      AWS_ENDPOINT_URL_S3: endpoint,
      SKERRY_STORAGE: "aws",
      SKERRY_S3_BUCKET: "skerry",
      SKERRY_S3_PATH_STYLE: "on",
      SKERRY_DYNAMODB_TABLE: "skerry",
    };
    Deno.env.set("SOURCE_AWS_ACCESS_KEY_ID", CREDENTIALS.accessKeyId);
    Deno.env.set("SOURCE_AWS_SECRET_ACCESS_KEY", CREDENTIALS.secretAccessKey);
    const files = filesOfBucket(endpoint, "old-registry", prefix);
    if (name === "zot") await assertPlaceholders(files, fleet);
    const args = [`s3://old-registry/${ROOT_DIRECTORY}`, "--endpoint", endpoint, "--path-style"];
    await assertDamagedMigrates({ files, format, fleet }, settings, args);
  });
}
