import { assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";
import {
  artifactFor,
  buildkitCacheIndex,
  digestOfBytes,
  dockerManifestList,
  emptyLayersImage,
  foreignLayerImage,
  largeImage,
  layerOf,
  MEDIA,
  multiArchIndex,
  readLayout,
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
import { openWire } from "./wire.ts";
import { openWorkbench } from "./workbench.ts";

/** A place for the test and what `crane` calls it. */
function placeOf(host: string, repository: string) {
  return { host, repository, name: `${host}/${repository}` };
}

/** Validation in full needs layers that are packed with gzip, the only ones that it unpacks. */
const FULL: string[] = [];
const FAST = ["--fast"];

const IMAGES = [
  { what: "an image", make: () => smallImage("crane"), validation: FULL },
  {
    what: "a multi-arch index with all its children",
    make: () => multiArchIndex("crane"),
    validation: FULL,
  },
  { what: "an image with empty layers", make: () => emptyLayersImage(), validation: FULL },
  { what: "an image with layers of several MiB", make: () => largeImage("crane"), validation: FULL },
  { what: "an image with zstd layers", make: () => smallImage("crane", "+zstd"), validation: FAST },
  { what: "an image with layers that are not packed", make: () => smallImage("crane", ""), validation: FAST },
];
for (const { what, make, validation } of IMAGES) {
  Deno.test(`crane pushes ${what}, validates it and pulls it again`, async () => {
    await using bench = await openWorkbench();
    const { name, ...place } = placeOf(bench.host, bench.repository("crane/push"));
    const image = await make();
    const source = await writeLayout(`${bench.folder}/source`, image, "v1");
    await bench.run("crane", ["push", source, `${name}:v1`]);
    await assertServes(place, "v1", image);
    const verdict = await bench.run("crane", ["validate", ...validation, "--remote", `${name}:v1`]);
    assertStringIncludes(verdict, "PASS");
    await bench.run("crane", ["pull", "--format", "oci", `${name}:v1`, `${bench.folder}/back`]);
    assertSameImage(await readLayout(`${bench.folder}/back`), image);
  });
}

Deno.test("crane validates a manifest list in Docker's format", async () => {
  await using bench = await openWorkbench();
  const place = { host: bench.host, repository: bench.repository("crane/docker") };
  const name = await seed(place, await dockerManifestList("crane"), "v1");
  assertStringIncludes(await bench.run("crane", ["validate", "--remote", name]), "PASS");
});

Deno.test("crane copies all tags to another repository, mounting every blob", async () => {
  await using bench = await openWorkbench();
  await using wire = openWire(bench.host);
  const [from, to] = [bench.repository("crane/from"), bench.repository("crane/to")];
  const images = {
    cache: await buildkitCacheIndex("crane"),
    foreign: await foreignLayerImage("crane"),
    index: await multiArchIndex("crane copy"),
    list: await dockerManifestList("crane copy"),
  };
  for (const [tag, image] of Object.entries(images)) {
    await seed({ host: bench.host, repository: from }, image, tag);
  }
  await bench.run("crane", ["copy", "--all-tags", `${wire.host}/${from}`, `${wire.host}/${to}`]);
  const place = { host: bench.host, repository: to };
  assertEquals(await tagsOf(place), Object.keys(images));
  for (const [tag, image] of Object.entries(images)) await assertServes(place, tag, image);
  const uploads = wire.exchanges.filter(({ method }) => method === "POST");
  assertGreater(uploads.length, 0);
  assertEquals(uploads.filter(({ target, status }) => !target.includes("mount=") || status !== 201), []);
});

Deno.test("crane appends a layer of unknown length as a stream", async () => {
  await using bench = await openWorkbench();
  await using wire = openWire(bench.host);
  const base = await smallImage("crane base");
  const repository = bench.repository("crane/append");
  await seed({ host: bench.host, repository }, base, "base");
  const layer = await layerOf({ "srv/appended": "crane" }, "");
  const name = `${wire.host}/${repository}`;
  const args = ["append", "-b", `${name}:base`, "-t", `${name}:v1`, "-f", "-"];
  await bench.run("crane", args, { stdin: layer.bytes });
  const pushed = await readServed({ host: bench.host, repository }, "v1", MEDIA.manifest);
  const appended = manifestOf(pushed, pushed.root.digest).layers!.at(-1)!;
  assertEquals(gunzipSync(pushed.content.get(appended.digest)), Buffer.from(layer.bytes));
  const streamed = wire.exchanges.filter(({ headers }) => headers["transfer-encoding"] === "chunked");
  assertEquals(streamed.map(({ method, status }) => [method, status]), [["PATCH", 202]]);
});

Deno.test("crane pushes an artifact that refers to an image and leaves no tag in place of the referrers", async () => {
  await using bench = await openWorkbench();
  const { name, ...place } = placeOf(bench.host, bench.repository("crane/subject"));
  const image = await smallImage("crane subject");
  await seed(place, image, "v1");
  const artifact = artifactFor(image, "application/vnd.example.sbom", "crane");
  const source = await writeLayout(`${bench.folder}/source`, artifact, "sbom");
  await bench.run("crane", ["push", source, `${name}:sbom`]);
  await assertServes(place, "sbom", artifact);
  assertEquals((await referrersOf(place, image.root.digest)).map(({ digest }) => digest), [
    artifact.root.digest,
  ]);
  assertEquals(await tagsOf(place), ["sbom", "v1"]);
});

Deno.test("crane tags, lists, reads and deletes", async () => {
  await using bench = await openWorkbench();
  const { name, ...place } = placeOf(bench.host, bench.repository("crane/list"));
  const image = await multiArchIndex("crane list");
  await seed(place, image, "v1");
  await bench.run("crane", ["tag", `${name}:v1`, "v2"]);
  assertEquals((await bench.run("crane", ["ls", name])).trim().split("\n"), ["v1", "v2"]);
  assertStringIncludes(await bench.run("crane", ["catalog", bench.host]), `${place.repository}\n`);
  assertEquals((await bench.run("crane", ["digest", `${name}:v2`])).trim(), image.root.digest);
  const raw = await bench.run("crane", ["manifest", `${name}:v2`]);
  assertEquals(digestOfBytes(new TextEncoder().encode(raw.trimEnd())), image.root.digest);
  await bench.run("crane", ["delete", `${name}:v2`]);
  assertEquals(await tagsOf(place), ["v1"]);
  await bench.run("crane", ["delete", `${name}@${image.root.digest}`]);
  assertEquals(await tagsOf(place), []);
  await assertGone(place, `manifests/${image.root.digest}`);
});
