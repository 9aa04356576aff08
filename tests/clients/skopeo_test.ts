import { assert, assertEquals } from "@std/assert";
import {
  dockerImage,
  dockerManifestList,
  emptyLayersImage,
  foreignLayerImage,
  type Image,
  largeImage,
  MEDIA,
  multiArchIndex,
  readLayout,
  smallImage,
  writeLayout,
} from "../images/mod.ts";
import { assertGone, assertSameImage, assertServes, manifestOf, readServed, seed, tagsOf } from "./served.ts";
import { openWire } from "./wire.ts";
import { openWorkbench, type Workbench } from "./workbench.ts";

/** Annotation of a layer that explains how to read a part of it (containers/storage, pkg/chunked). */
const CHUNKED_POSITION = "io.containers.zstd-chunked.manifest-position";

/** Plain HTTP on both sides of a copy. */
const COPY = ["copy", "--src-tls-verify=false", "--dest-tls-verify=false"];

/** Copies an image from an OCI layout to the registry and into another layout, and compares at both places. */
async function roundTrip(bench: Workbench, image: Image): Promise<void> {
  const place = { host: bench.host, repository: bench.repository("skopeo/round-trip") };
  const source = await writeLayout(`${bench.folder}/source`, image, "v1");
  const remote = `docker://${place.host}/${place.repository}:v1`;
  await bench.run("skopeo", [...COPY, "--all", "--preserve-digests", `oci:${source}:v1`, remote]);
  await assertServes(place, "v1", image);
  const back = `${bench.folder}/back`;
  await bench.run("skopeo", [...COPY, "--all", "--preserve-digests", remote, `oci:${back}:v1`]);
  assertSameImage(await readLayout(back, "v1"), image);
}

const ROUND_TRIPS = {
  "a multi-arch index with all its children": () => multiArchIndex("skopeo"),
  "an image with zstd layers": () => smallImage("skopeo", "+zstd"),
  "an image with empty layers": () => emptyLayersImage(),
  "an image with layers of several MiB": () => largeImage("skopeo"),
};
for (const [what, make] of Object.entries(ROUND_TRIPS)) {
  Deno.test(`skopeo copies ${what} there and back`, async () => {
    await using bench = await openWorkbench();
    await roundTrip(bench, await make());
  });
}

const DOCKER_FORMATS = {
  "an image in Docker's format": () => dockerImage("skopeo"),
  "a manifest list in Docker's format": () => dockerManifestList("skopeo"),
};
for (const [what, make] of Object.entries(DOCKER_FORMATS)) {
  Deno.test(`skopeo copies ${what} as it is`, async () => {
    await using bench = await openWorkbench();
    const image = await make();
    const from = await seed({ host: bench.host, repository: bench.repository("skopeo/from") }, image, "v1");
    const place = { host: bench.host, repository: bench.repository("skopeo/to") };
    const folder = `dir:${bench.folder}/copy`;
    await bench.run("skopeo", [...COPY, "--all", "--preserve-digests", `docker://${from}`, folder]);
    const to = `docker://${place.host}/${place.repository}:v1`;
    await bench.run("skopeo", [...COPY, "--all", "--preserve-digests", folder, to]);
    await assertServes(place, "v1", image);
  });
}

Deno.test("skopeo copies an image whose foreign layer stays where its urls say", async () => {
  await using bench = await openWorkbench();
  const image = await foreignLayerImage("skopeo");
  const from = await seed({ host: bench.host, repository: bench.repository("skopeo/from") }, image, "v1");
  const place = { host: bench.host, repository: bench.repository("skopeo/to") };
  const to = `docker://${place.host}/${place.repository}:v1`;
  await bench.run("skopeo", [...COPY, "--preserve-digests", `docker://${from}`, to]);
  await assertServes(place, "v1", image);
});

Deno.test("skopeo mounts layers that it knows in another repository", async () => {
  await using bench = await openWorkbench();
  await using wire = openWire(bench.host);
  const image = await smallImage("skopeo mount");
  const source = `oci:${await writeLayout(`${bench.folder}/source`, image, "v1")}:v1`;
  const [first, second] = [bench.repository("skopeo/first"), bench.repository("skopeo/second")];
  await bench.run("skopeo", [...COPY, source, `docker://${wire.host}/${first}:v1`]);
  const before = wire.exchanges.length;
  await bench.run("skopeo", [...COPY, source, `docker://${wire.host}/${second}:v1`]);
  await assertServes({ host: bench.host, repository: second }, "v1", image);
  const exchanges = wire.exchanges.slice(before);
  const mounts = exchanges.filter(({ method, target }) => method === "POST" && target.includes("mount="));
  assertEquals(mounts.map(({ status }) => status), [201, 201], "two layers");
});

Deno.test("skopeo packs layers as zstd:chunked on their way", async () => {
  await using bench = await openWorkbench();
  const place = { host: bench.host, repository: bench.repository("skopeo/chunked") };
  const source = await writeLayout(`${bench.folder}/source`, await smallImage("skopeo chunked"), "v1");
  const options = ["--dest-compress-format", "zstd:chunked"];
  const remote = `docker://${place.host}/${place.repository}:v1`;
  await bench.run("skopeo", [...COPY, ...options, `oci:${source}:v1`, remote]);
  const served = await readServed(place, "v1", MEDIA.manifest);
  const layers = manifestOf(served, served.root.digest).layers!;
  assertEquals(layers.map((layer) => layer.mediaType), [`${MEDIA.layer}+zstd`, `${MEDIA.layer}+zstd`]);
  assert(layers.every((layer) => layer.annotations?.[CHUNKED_POSITION]));
  const back = `${bench.folder}/back`;
  await bench.run("skopeo", [...COPY, remote, `oci:${back}:v1`]);
  assertSameImage(await readLayout(back, "v1"), served);
});

Deno.test("skopeo inspects and lists pushed images", async () => {
  await using bench = await openWorkbench();
  const place = { host: bench.host, repository: bench.repository("skopeo/list") };
  const image = await multiArchIndex("skopeo list");
  for (const tag of ["v2", "v10", "V1", "_x"]) await seed(place, image, tag);
  const remote = `docker://${place.host}/${place.repository}`;
  const listed = JSON.parse(await bench.run("skopeo", ["list-tags", "--tls-verify=false", remote]));
  assertEquals(listed.Tags, ["V1", "_x", "v10", "v2"]);
  const raw = await bench.run("skopeo", ["inspect", "--raw", "--tls-verify=false", `${remote}:v2`]);
  assertEquals(raw, new TextDecoder().decode(image.content.get(image.root.digest)));
  const inspected = JSON.parse(await bench.run("skopeo", ["inspect", "--tls-verify=false", `${remote}:v2`]));
  assertEquals([inspected.Digest, inspected.Architecture], [image.root.digest, "amd64"]);
});

Deno.test("skopeo deletes an image with all its tags", async () => {
  await using bench = await openWorkbench();
  const place = { host: bench.host, repository: bench.repository("skopeo/delete") };
  const [doomed, kept] = [await smallImage("doomed"), await smallImage("kept")];
  const remote = await seed(place, doomed, "doomed");
  await seed(place, doomed, "doomed-too");
  await seed(place, kept, "kept");
  await bench.run("skopeo", ["delete", "--tls-verify=false", `docker://${remote}`]);
  await assertGone(place, "manifests/doomed");
  await assertGone(place, "manifests/doomed-too");
  await assertGone(place, `manifests/${doomed.root.digest}`);
  assertEquals(await tagsOf(place), ["kept"]);
  await assertServes(place, "kept", kept);
});

Deno.test("skopeo syncs every tag of a repository into a folder", async () => {
  await using bench = await openWorkbench();
  const place = { host: bench.host, repository: bench.repository("skopeo/sync") };
  for (const tag of ["v1", "v2", "v3"]) await seed(place, await smallImage(`skopeo sync ${tag}`), tag);
  const remote = `${place.host}/${place.repository}`;
  const options = ["--src-tls-verify=false", "--src", "docker", "--dest", "dir"];
  await bench.run("skopeo", ["sync", ...options, remote, `${bench.folder}/synced`]);
  const synced = [...Deno.readDirSync(`${bench.folder}/synced`)].map((entry) => entry.name).sort();
  const name = place.repository.split("/").at(-1);
  assertEquals(synced, [`${name}:v1`, `${name}:v2`, `${name}:v3`]);
});
