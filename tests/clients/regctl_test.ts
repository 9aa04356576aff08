import { assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import {
  buildkitCacheIndex,
  foreignLayerImage,
  largeImage,
  MEDIA,
  multiArchIndex,
  readLayout,
  sha512Image,
  smallImage,
  writeLayout,
} from "../images/mod.ts";
import {
  assertGone,
  assertSameImage,
  assertServes,
  manifestOf,
  readServed,
  referrersOf,
  seed,
  tagsOf,
} from "./served.ts";
import { type Exchange, openWire } from "./wire.ts";
import { openWorkbench, type Workbench } from "./workbench.ts";

const MIB = 1024 * 1024;

/** A place for the test and what `regctl` calls it, having been told that it speaks plain HTTP. */
async function placeFor(
  bench: Workbench,
  name: string,
  { host = bench.host, settings = [] as string[] } = {},
) {
  await bench.run("regctl", ["registry", "set", host, "--tls", "disabled", "--skip-check", ...settings]);
  const repository = bench.repository(`regctl/${name}`);
  return { host: bench.host, repository, name: `${host}/${repository}` };
}

const IMAGES = {
  "a multi-arch index": () => multiArchIndex("regctl"),
  "a build cache whose children are blobs": () => buildkitCacheIndex("regctl"),
  "an image with a foreign layer": () => foreignLayerImage("regctl"),
  "an image with zstd layers": () => smallImage("regctl", "+zstd"),
};
for (const [what, make] of Object.entries(IMAGES)) {
  Deno.test(`regctl copies ${what} from a layout to the registry and back`, async () => {
    await using bench = await openWorkbench();
    const place = await placeFor(bench, "copy");
    const image = await make();
    const source = await writeLayout(`${bench.folder}/source`, image, "v1");
    await bench.run("regctl", ["image", "copy", `ocidir://${source}:v1`, `${place.name}:v1`]);
    await assertServes(place, "v1", image);
    await bench.run("regctl", ["image", "copy", `${place.name}:v1`, `ocidir://${bench.folder}/back:v1`]);
    assertSameImage(await readLayout(`${bench.folder}/back`, "v1"), image);
  });
}

Deno.test("regctl copies an image identified by sha512 and sets its tag with its digest", async () => {
  await using bench = await openWorkbench();
  await using wire = openWire(bench.host);
  const place = await placeFor(bench, "sha512", { host: wire.host });
  const image = await sha512Image("regctl");
  const source = await writeLayout(`${bench.folder}/source`, image, "v1");
  await bench.run("regctl", ["image", "copy", `ocidir://${source}:v1`, `${place.name}:v1`]);
  await assertServes(place, "v1", image);
  const pushed = wire.exchanges.filter(({ method, target }) =>
    method === "PUT" && target.includes("/manifests/")
  );
  const target = `/v2/${place.repository}/manifests/${image.root.digest}?tag=v1`;
  assertEquals(pushed.map((exchange) => [exchange.target, exchange.status]), [[target, 201]]);
  await bench.run("regctl", ["image", "copy", `${place.name}:v1`, `ocidir://${bench.folder}/back:v1`]);
  assertSameImage(await readLayout(`${bench.folder}/back`, "v1"), image);
});

Deno.test("regctl makes a sha512 image of one that is in the registry", async () => {
  await using bench = await openWorkbench();
  const place = await placeFor(bench, "convert");
  await seed(place, await smallImage("regctl convert"), "v1");
  const args = [
    "image",
    "mod",
    `${place.name}:v1`,
    "--digest-algo",
    "sha512",
    "--create",
    `${place.name}:v2`,
  ];
  await bench.run("regctl", args);
  const converted = await readServed(place, "v2", MEDIA.manifest);
  const { config, layers } = manifestOf(converted, converted.root.digest);
  const algorithms = [converted.root, config!, ...layers!].map(({ digest }) => digest.split(":")[0]);
  assertEquals(algorithms, ["sha512", "sha512", "sha512", "sha512"]);
});

/** The requests that sent bytes of the upload that was cut. */
function requestsOfCutUpload(exchanges: readonly Exchange[]): Exchange[] {
  const path = ({ target }: Exchange) => target.split("?")[0];
  const cut = exchanges.find(({ status }) => status === undefined)!;
  return exchanges.filter((exchange) => path(exchange) === path(cut) && exchange !== cut);
}

Deno.test("regctl takes up a chunked upload after a cut where the registry says that it stands", async () => {
  await using bench = await openWorkbench();
  await using wire = openWire(bench.host, { cut: { method: "PATCH", afterBytes: 700_000 } });
  const settings = ["--blob-chunk", `${MIB}`, "--blob-max", `${MIB}`];
  const place = await placeFor(bench, "resume", { host: wire.host, settings });
  const image = await largeImage(bench.repository("resume")); // nowhere else, or it would be mounted
  const source = await writeLayout(`${bench.folder}/source`, image, "v1");
  await bench.run("regctl", ["image", "copy", `ocidir://${source}:v1`, `${place.name}:v1`]);
  await assertServes(place, "v1", image);
  const [repeated, resumed, ...others] = requestsOfCutUpload(wire.exchanges);
  assertEquals([repeated?.method, repeated?.status], ["PATCH", 416]);
  assertEquals([resumed?.method, resumed?.status], ["PATCH", 202]);
  assertGreater(Number(resumed?.headers["content-range"]?.split("-")[0]), 0, "not from the beginning");
  assertEquals(others.at(-1)?.status, 201);
});

Deno.test("regctl repeats an upload in one request after a cut", async () => {
  await using bench = await openWorkbench();
  await using wire = openWire(bench.host, { cut: { method: "PUT", afterBytes: 700_000 } });
  const place = await placeFor(bench, "repeat", { host: wire.host });
  const image = await largeImage(bench.repository("repeat")); // nowhere else, or it would be mounted
  const source = await writeLayout(`${bench.folder}/source`, image, "v1");
  await bench.run("regctl", ["image", "copy", `ocidir://${source}:v1`, `${place.name}:v1`]);
  await assertServes(place, "v1", image);
  assertEquals(requestsOfCutUpload(wire.exchanges).at(-1)?.status, 201);
});

Deno.test("regctl mounts blobs by their digest alone", async () => {
  await using bench = await openWorkbench();
  await using wire = openWire(bench.host);
  const place = await placeFor(bench, "mount", { host: wire.host });
  const image = await largeImage("regctl mount");
  await seed({ host: bench.host, repository: bench.repository("regctl/elsewhere") }, image, "v1");
  const source = await writeLayout(`${bench.folder}/source`, image, "v1");
  await bench.run("regctl", ["image", "copy", `ocidir://${source}:v1`, `${place.name}:v1`]);
  await assertServes(place, "v1", image);
  const uploads = wire.exchanges.filter(({ method }) => method === "POST");
  assertEquals(uploads.map(({ status }) => status), [201, 201, 201]);
  assertEquals(uploads.filter(({ target }) => !target.includes("mount=") || target.includes("from=")), []);
});

Deno.test("regctl attaches artifacts, lists them by type and copies them with their image", async () => {
  await using bench = await openWorkbench();
  const place = await placeFor(bench, "attach");
  const image = await multiArchIndex("regctl attach");
  await seed(place, image, "v1");
  const put = ["artifact", "put", "--subject", `${place.name}:v1`, "--artifact-type"];
  await bench.run("regctl", [...put, "application/vnd.example.sbom"], { stdin: "sbom" });
  await bench.run("regctl", [...put, "application/vnd.example.report"], { stdin: "report" });
  const list = ["artifact", "list", "--format", "{{json .Descriptors}}", `${place.name}:v1`];
  const listed = async (...more: string[]) => {
    const descriptors: { artifactType: string }[] = JSON.parse(await bench.run("regctl", [...list, ...more]));
    return descriptors.map(({ artifactType }) => artifactType).sort();
  };
  assertEquals(await listed(), ["application/vnd.example.report", "application/vnd.example.sbom"]);
  const filter = ["--filter-artifact-type", "application/vnd.example.sbom"];
  assertEquals(await listed(...filter), ["application/vnd.example.sbom"]);
  assertEquals(await tagsOf(place), ["v1"], "no tag stands in for the referrers");

  const copy = await placeFor(bench, "copy");
  await bench.run("regctl", ["image", "copy", "--referrers", `${place.name}:v1`, `${copy.name}:v1`]);
  await assertServes(copy, "v1", image);
  assertEquals(await referrersOf(copy, image.root.digest), await referrersOf(place, image.root.digest));
});

Deno.test("regctl deletes a tag and keeps its manifest, then the manifest, then a blob", async () => {
  await using bench = await openWorkbench();
  const place = await placeFor(bench, "delete");
  const image = await smallImage("regctl delete");
  for (const tag of ["v1", "v2", "v3"]) await seed(place, image, tag);
  await bench.run("regctl", ["tag", "delete", `${place.name}:v1`]);
  assertEquals(await tagsOf(place), ["v2", "v3"]);
  await assertServes(place, image.root.digest, image);
  await bench.run("regctl", ["manifest", "delete", `${place.name}@${image.root.digest}`]);
  assertEquals(await tagsOf(place), []);
  const layer = manifestOf(image, image.root.digest).layers![0]!.digest;
  await bench.run("regctl", ["blob", "delete", place.name, layer]);
  await assertGone(place, `blobs/${layer}`);
});

Deno.test("regctl lists tags and repositories page by page", async () => {
  await using bench = await openWorkbench();
  const place = await placeFor(bench, "list");
  const image = await smallImage("regctl list");
  const tags = ["v1", "v2", "v3", "v4", "v5"];
  for (const tag of tags) await seed(place, image, tag);
  const page = await bench.run("regctl", ["tag", "ls", "--limit", "2", "--last", "v1", place.name]);
  assertEquals(page.trim().split("\n"), ["v2", "v3"]);
  assertEquals((await bench.run("regctl", ["tag", "ls", place.name])).trim().split("\n"), tags);
  assertStringIncludes(await bench.run("regctl", ["repo", "ls", bench.host]), `${place.repository}\n`);
});
