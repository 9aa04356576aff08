import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { unpackTar } from "npm:modern-tar@0.8.6";
import { type Image, MEDIA, multiArchIndex, smallImage, writeLayout } from "../images/mod.ts";
import { containersStorage } from "./containers_storage.ts";
import { assertServes, manifestOf, readServed, seed, tagsOf } from "./served.ts";
import { openWire } from "./wire.ts";
import { openWorkbench } from "./workbench.ts";

/** Plain HTTP. */
const PLAIN = "--tls-verify=false";

/** The files in the last layer of an image of one platform. */
async function lastLayer(image: Image): Promise<Record<string, string>> {
  const { layers } = manifestOf(image, image.root.digest);
  const tar = gunzipSync(image.content.get(layers!.at(-1)!.digest));
  const entries = await unpackTar(new Uint8Array(tar));
  const files = entries.filter(({ header }) => header.type === "file");
  return Object.fromEntries(files.map(({ header, data }) => [header.name, new TextDecoder().decode(data)]));
}

Deno.test("buildah makes an image from scratch, pushes it and works on from it", async () => {
  await using bench = await openWorkbench();
  const place = { host: bench.host, repository: bench.repository("buildah/scratch") };
  const name = `${place.host}/${place.repository}`;
  const env = await containersStorage(bench, "here");
  await Deno.writeTextFile(`${bench.folder}/first`, "one");
  await Deno.writeTextFile(`${bench.folder}/second`, "two");

  const scratch = (await bench.run("buildah", ["from", "scratch"], { env })).trim();
  await bench.run("buildah", ["copy", scratch, `${bench.folder}/first`, "/srv/first"], { env });
  await bench.run("buildah", ["config", "--label", "step=1", scratch], { env });
  await bench.run("buildah", ["commit", "--rm", PLAIN, scratch, `docker://${name}:1`], { env });
  const one = await readServed(place, "1", MEDIA.manifest);
  assertEquals(await lastLayer(one), { "srv/first": "one" });

  const elsewhere = await containersStorage(bench, "there");
  const args = ["from", PLAIN, "--pull-always", `${name}:1`];
  const next = (await bench.run("buildah", args, { env: elsewhere })).trim().split("\n").at(-1)!;
  await bench.run("buildah", ["copy", next, `${bench.folder}/second`, "/srv/second"], { env: elsewhere });
  await bench.run("buildah", ["commit", "--rm", next, "next"], { env: elsewhere });
  await bench.run("buildah", ["push", PLAIN, "next", `docker://${name}:2`], { env: elsewhere });
  const two = await readServed(place, "2", MEDIA.manifest);
  assertEquals(await lastLayer(two), { "srv/second": "two" });
  assertEquals(await tagsOf(place), ["1", "2"]);
});

Deno.test("buildah keeps its build cache in the registry and finds it there again", async () => {
  await using bench = await openWorkbench();
  const base = await seed(
    { host: bench.host, repository: bench.repository("buildah/base") },
    await smallImage("buildah base"),
    "v1",
  );
  const cache = { host: bench.host, repository: bench.repository("buildah/cache") };
  await Deno.mkdir(`${bench.folder}/context`);
  await Deno.writeTextFile(
    `${bench.folder}/context/Containerfile`,
    `FROM ${base}\nCOPY a /srv/a\nCOPY b /srv/b\n`,
  );
  for (const name of ["a", "b"]) await Deno.writeTextFile(`${bench.folder}/context/${name}`, name);
  const options = [
    "--cache-to",
    `${cache.host}/${cache.repository}`,
    "--cache-from",
    `${cache.host}/${cache.repository}`,
  ];
  const build = ["build", PLAIN, "--layers", ...options, `${bench.folder}/context`];

  const cold = await bench.run("buildah", build, { env: await containersStorage(bench, "cold") });
  assert(cold.includes("Pushing cache"), cold);
  assertNotEquals(await tagsOf(cache), []);
  const warm = await bench.run("buildah", build, { env: await containersStorage(bench, "warm") });
  assert(warm.includes("Cache pulled from remote"), warm);
});

Deno.test("buildah mounts the layers of an image that it has pushed to another repository before", async () => {
  await using bench = await openWorkbench();
  await using wire = openWire(bench.host);
  const layout = await writeLayout(`${bench.folder}/layout`, await smallImage("buildah mount"), "v1");
  const env = await containersStorage(bench, "storage");
  const id = (await bench.run("buildah", ["pull", "-q", `oci:${layout}:v1`], { env })).trim();
  const [first, second] = [bench.repository("buildah/first"), bench.repository("buildah/second")];
  await bench.run("buildah", ["push", PLAIN, id, `docker://${wire.host}/${first}:v1`], { env });
  const before = wire.exchanges.length;
  await bench.run("buildah", ["push", PLAIN, id, `docker://${wire.host}/${second}:v1`], { env });
  const mounts = wire.exchanges.slice(before).filter(({ target }) => target.includes("mount="));
  assertEquals(mounts.map(({ method, status }) => [method, status]), [["POST", 201], ["POST", 201]]);
  const pushed = await readServed({ host: bench.host, repository: first }, "v1", MEDIA.manifest);
  await assertServes({ host: bench.host, repository: second }, "v1", pushed);
});

Deno.test("buildah pushes an index with all its images", async () => {
  await using bench = await openWorkbench();
  const image = await multiArchIndex("buildah");
  const from = await seed({ host: bench.host, repository: bench.repository("buildah/from") }, image, "v1");
  const place = { host: bench.host, repository: bench.repository("buildah/to") };
  const env = await containersStorage(bench, "storage");
  await bench.run("buildah", ["manifest", "create", "list"], { env });
  await bench.run("buildah", ["manifest", "add", PLAIN, "--all", "list", `docker://${from}`], { env });
  const to = `docker://${place.host}/${place.repository}:v1`;
  await bench.run("buildah", ["manifest", "push", PLAIN, "--all", "list", to], { env });
  const pushed = await readServed(place, "v1", MEDIA.index);
  assertEquals(manifestOf(pushed, pushed.root.digest).manifests?.length, 3);
  for (const child of manifestOf(image, image.root.digest).manifests!) {
    await assertServes(place, child.digest, { root: child, content: image.content });
  }
});
