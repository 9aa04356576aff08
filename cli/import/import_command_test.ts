import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { type Config, readConfig, StartError } from "../../config/mod.ts";
import { parseRepositoryName } from "../../oci/mod.ts";
import { UNRESTRICTED_CALLER } from "../../registry/mod.ts";
import { CREDENTIALS } from "../../tests/harness/credentials.ts";
import { type Fleet, fleetOf } from "../../tests/migration/fleet.ts";
import { distributionFormat, type Format, zotFormat } from "../../tests/migration/formats.ts";
import { assertArrived, assertListed, SOUND } from "../../tests/migration/arrived.ts";
import { manifestOf, plantDamage, type Planted } from "../../tests/migration/planted_damage.ts";
import { filesIn, filesOfBucket, type SourceFiles } from "../../tests/migration/source_files.ts";
import { digest, utf8 } from "../../tests/harness/stores.ts";
import { startS3 } from "../../tests/s3/mod.ts";
import { everythingIn, folderConfig, printed, withFolder, withStorage } from "../testing/mod.ts";
import { importCommand } from "./import_command.ts";
import type { ImportReport } from "./import_report.ts";
import { CREDENTIAL_VARIABLES, type SourcePlace } from "./open_source.ts";
import type { Finding } from "./source_registry.ts";

/** Runs the command, and reads its JSON. */
async function run(config: Config, place: SourcePlace) {
  const { code, lines } = await printed((print) => importCommand(config, print, { place, json: true }));
  const documents = lines.map((line) => JSON.parse(line));
  const { report } = documents.pop() as { report: ImportReport };
  return { code, report, findings: documents as Finding[] };
}

/** Imports a damaged source twice: everything sound arrives, the damage is listed, the second run writes nothing. */
async function assertImports(
  config: Config,
  place: SourcePlace,
  fleet: Fleet,
  planted: Planted,
): Promise<void> {
  const first = await run(config, place);
  assertListed(first.findings, planted.findings);
  assertEquals(first.code, planted.findings.length > 0 ? 1 : 0);
  await withStorage(config, ({ registry }) => assertArrived(registry, fleet, planted));
  const before = await withStorage(config, versionsIn);

  const second = await run(config, place);
  assertListed(second.findings, planted.findings);
  const { manifests, tags, blobs, linkedBlobs, bytes } = second.report;
  assertEquals({ manifests, tags, blobs, linkedBlobs, bytes }, {
    manifests: 0,
    tags: 0,
    blobs: 0,
    linkedBlobs: 0,
    bytes: 0,
  });
  assertEquals(await withStorage(config, versionsIn), before);
}

/** Every item with its version, which each write changes, and every object. */
async function versionsIn(stores: Parameters<typeof everythingIn>[0]) {
  const { items } = await stores.table.scan({ limit: 10_000, consistent: true });
  return { items, objects: await stores.objects.list("", { limit: 10_000 }) };
}

for (const format of [zotFormat(), distributionFormat()]) {
  Deno.test(`importCommand() brings everything sound from a folder of ${format.name}`, async () => {
    await withFolder(async (folder) => {
      const [place, config] = [{ folder: `${folder}/source` }, folderConfig(`${folder}/data`)];
      const { fleet, planted } = await damagedSource(format, filesIn(place.folder));
      await assertImports(config, place, fleet, planted);
    });
  });
}

for (const format of [zotFormat({ placeholders: true }), distributionFormat()]) {
  Deno.test(`importCommand() brings everything sound from a bucket of ${format.name}`, async () => {
    await using s3 = await startS3();
    const { endpoint, bucket, region } = s3;
    const { fleet, planted } = await damagedSource(format, filesOfBucket(endpoint, bucket, "old/registry"));
    using _ = sourceCredentials();
    await withFolder(async (folder) => {
      const place = { bucket, prefix: "old/registry", region, endpoint, pathStyle: true };
      await assertImports(folderConfig(`${folder}/data`), place, fleet, planted);
    });
  });
}

Deno.test("importCommand() passes over the prefix that zot puts before each key twice", async () => {
  await using s3 = await startS3();
  const { endpoint, bucket, region } = s3;
  const fleet = fleetOf({ images: 4 });
  await zotFormat().writeFleet(filesOfBucket(endpoint, bucket, "a/b/a/b"), fleet);
  using _ = sourceCredentials();
  await withFolder(async (folder) => {
    const config = folderConfig(`${folder}/data`);
    for (const prefix of ["a/b", "a/b/a/b"]) {
      const { code } = await run(config, { bucket, prefix, region, endpoint, pathStyle: true });
      assertEquals(code, 0);
    }
    await withStorage(config, async ({ registry }) => {
      const { items } = await registry.listRepositories({}, UNRESTRICTED_CALLER);
      assertEquals(items, [...fleet.keys()].map(parseRepositoryName));
    });
  });
});

Deno.test("importCommand() obeys the quotas and immutable tags of the registry", async () => {
  await withFolder(async (folder) => {
    const auth = {
      url: "https://registry.test",
      quotas: [{ repositories: "team/**", bytes: 5000 }],
      immutable: [{ repositories: ["app-*"], tags: ["v*"] }],
    };
    const config = await readConfig({
      SKERRY_DATA: `${folder}/data`,
      SKERRY_LOG: "off",
      SKERRY_AUTH: JSON.stringify(auth),
    });
    const fleet = fleetOf({ images: 14 });
    const files = filesIn(`${folder}/source`);
    await zotFormat().writeFleet(files, fleet);
    const { findings, report } = await run(config, { folder: `${folder}/source` });
    assertEquals(new Set(findings.map(({ repository }) => repository)), new Set(["team/app_1"]));
    assert(findings.some(({ note }) => /quota/i.test(note)), JSON.stringify(findings));
    assertEquals(report.tags, fleet.get("app-0")!.manifests.flatMap(({ tags }) => tags).length);

    const moved = manifestOf(fleet, "app-0", "v3");
    const index = new TextDecoder().decode(await files.read("app-0/index.json"));
    const before = digest(manifestOf(fleet, "app-0", "v2"));
    await files.write("app-0/index.json", utf8(index.replace(before, digest(moved))));
    const second = await run(config, { folder: `${folder}/source` });
    const [finding] = second.findings.filter(({ repository }) => repository === "app-0");
    assertEquals([finding?.kind, finding?.tag], ["tag", "v2"]);
    assertMatch(finding!.note, /immutable/);
  });
});

Deno.test("importCommand() uploads blobs of several megabytes", async () => {
  await withFolder(async (folder) => {
    const fleet = fleetOf({ images: 4, layerBytes: 3 * 2 ** 20 });
    const config = folderConfig(`${folder}/data`);
    await zotFormat().writeFleet(filesIn(`${folder}/source`), fleet);
    const { code } = await run(config, { folder: `${folder}/source` });
    assertEquals(code, 0);
    await withStorage(config, ({ registry }) => assertArrived(registry, fleet, SOUND));
  });
});

async function damagedSource(format: Format, files: SourceFiles) {
  const fleet = fleetOf({ images: 30 });
  await format.writeFleet(files, fleet);
  return { fleet, planted: await plantDamage({ files, format, fleet }) };
}

/** Credentials for the source in the environment. */
function sourceCredentials(): Disposable {
  const variables = [
    [CREDENTIAL_VARIABLES.accessKeyId, CREDENTIALS.accessKeyId],
    [CREDENTIAL_VARIABLES.secretAccessKey, CREDENTIALS.secretAccessKey],
  ] as const;
  for (const [name, value] of variables) Deno.env.set(name, value);
  return { [Symbol.dispose]: () => variables.forEach(([name]) => Deno.env.delete(name)) };
}

Deno.test("importCommand() finds no registry in a folder without one, and makes none", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/empty/app/blobs`, { recursive: true });
    const config = folderConfig(`${folder}/data`);
    const attempt = (folder: string) => importCommand(config, () => {}, { place: { folder }, json: false });
    await assertRejects(() => attempt(`${folder}/empty`), StartError, "Cannot find a registry");
    await assertRejects(() => attempt(`${folder}/absent`), StartError, "Cannot read the folder");
    await assertRejects(() => Deno.stat(`${folder}/data`), Deno.errors.NotFound);
  });
});

Deno.test("importCommand() prints findings and a summary in plain text", async () => {
  await withFolder(async (folder) => {
    const fleet = fleetOf({ images: 1 });
    const files = filesIn(`${folder}/source`);
    await zotFormat().writeFleet(files, fleet);
    await files.write("Team/index.json", new TextEncoder().encode("{}"));
    const place = { folder: `${folder}/source` };
    const config = folderConfig(`${folder}/data`);
    const { code, lines } = await printed((print) => importCommand(config, print, { place, json: false }));
    assertEquals(code, 1);
    assertStringIncludes(lines[0]!, "OCI image layouts (zot)");
    assert(lines.includes("name: Team is not a valid name of a repository"), lines.join("\n"));
    assertStringIncludes(lines.at(-1)!, "of 1 repository; 0 manifests already present; 1 finding");
  });
});
