import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  type Bytes,
  digestOfBytes,
  largeImage,
  manyFilesImage,
  manyFilesPath,
  MEDIA,
  multiArchIndex,
  noise,
  smallImage,
  writeLayout,
} from "../images/mod.ts";
import { containersStorage } from "./containers_storage.ts";
import { assertServes, manifestOf, readServed, seed } from "./served.ts";
import { openWire } from "./wire.ts";
import { openWorkbench, type Workbench } from "./workbench.ts";

/** Plain HTTP. */
const PLAIN = "--tls-verify=false";

type Environment = Record<string, string>;

/** Reads files of an image that podman has pulled. */
async function readFiles(
  bench: Workbench,
  env: Environment,
  image: string,
  paths: string[],
): Promise<Bytes[]> {
  const folder = (await bench.run("podman", ["image", "mount", image], { env })).trim();
  try {
    return await Promise.all(paths.map((path) => Deno.readFile(`${folder}/${path}`)));
  } finally {
    await bench.run("podman", ["image", "umount", image], { env });
  }
}

Deno.test("podman pulls, pushes and pulls again into another storage", async () => {
  await using bench = await openWorkbench();
  const image = await largeImage("podman");
  const from = await seed({ host: bench.host, repository: bench.repository("podman/from") }, image, "v1");
  const here = await containersStorage(bench, "here");
  await bench.run("podman", ["pull", PLAIN, from], { env: here });

  const place = { host: bench.host, repository: bench.repository("podman/to") };
  const name = `${place.host}/${place.repository}`;
  await bench.run("podman", ["push", PLAIN, from, `${name}:v1`], { env: here });
  const pushed = await readServed(place, "v1", MEDIA.manifest);
  const { config } = manifestOf(image, image.root.digest);
  assertEquals(manifestOf(pushed, pushed.root.digest).config?.digest, config?.digest);

  const there = await containersStorage(bench, "there");
  await bench.run("podman", ["pull", PLAIN, `${name}@${pushed.root.digest}`], { env: there });
  const id = config!.digest.replace("sha256:", "");
  const [content] = await readFiles(bench, there, id, ["srv/large"]);
  assertEquals(digestOfBytes(content!), digestOfBytes(noise("podman large", 7 * 1024 * 1024 + 13)));
});

for (const format of ["zstd", "zstd:chunked"]) {
  Deno.test(`podman pushes layers packed as ${format} and pulls them again`, async () => {
    await using bench = await openWorkbench();
    const place = { host: bench.host, repository: bench.repository("podman/packed") };
    const name = `${place.host}/${place.repository}:v1`;
    const layout = await writeLayout(`${bench.folder}/layout`, await smallImage(`podman ${format}`), "v1");
    const here = await containersStorage(bench, "here");
    const id = (await bench.run("podman", ["pull", "-q", `oci:${layout}:v1`], { env: here })).trim();
    await bench.run("podman", ["push", PLAIN, "--compression-format", format, id, name], { env: here });
    const pushed = await readServed(place, "v1", MEDIA.manifest);
    const types = manifestOf(pushed, pushed.root.digest).layers!.map((layer) => layer.mediaType);
    assertEquals(types, [`${MEDIA.layer}+zstd`, `${MEDIA.layer}+zstd`]);

    const there = await containersStorage(bench, "there");
    await bench.run("podman", ["pull", PLAIN, name], { env: there });
    const [content] = await readFiles(bench, there, name, ["srv/name"]);
    assertEquals(new TextDecoder().decode(content), `podman ${format}`);
  });
}

Deno.test("podman fetches only the missing parts of a zstd:chunked layer, in one request of 1,024 ranges", async () => {
  await using bench = await openWorkbench();
  const env = await containersStorage(bench, "storage", "overlay");
  await using wire = openWire(bench.host);
  const [half, whole] = [bench.repository("podman/half"), bench.repository("podman/whole")];
  for (const [repository, every] of [[half, 2], [whole, 1]] as const) {
    const layout = await writeLayout(`${bench.folder}/${every}`, await manyFilesImage("podman", every), "v1");
    const to = `docker://${bench.host}/${repository}:v1`;
    const options = ["--dest-tls-verify=false", "--dest-compress-format", "zstd:chunked"];
    await bench.run("skopeo", ["copy", ...options, `oci:${layout}:v1`, to]);
    await bench.run("podman", ["pull", PLAIN, `${wire.host}/${repository}:v1`], { env });
  }
  const ranged = wire.exchanges.filter(({ headers }) => headers["range"] !== undefined);
  assertEquals(
    ranged.map(({ status }) => status),
    [206, 206, 206, 206],
    "the table of contents and the rest, twice",
  );
  const counts = ranged.map(({ headers }) => headers["range"]!.split(",").length);
  assertEquals(counts, [1, 1024, 1, 1024]);

  const numbers = [0, 1, 2, 1000, 1001, 2046, 2047];
  const name = `${wire.host}/${whole}:v1`;
  const contents = await readFiles(bench, env, name, numbers.map(manyFilesPath));
  const expected = numbers.map((number) => noise(`podman ${number}`, 200 + number % 100));
  assertEquals(contents, expected);
});

Deno.test("podman pulls the image of the platform that it is asked for", async () => {
  await using bench = await openWorkbench();
  const place = { host: bench.host, repository: bench.repository("podman/index") };
  const from = await seed(place, await multiArchIndex("podman"), "v1");
  const env = await containersStorage(bench, "storage");
  await bench.run("podman", ["pull", PLAIN, "--platform", "linux/arm64", from], { env });
  const [content] = await readFiles(bench, env, from, ["srv/architecture"]);
  assertEquals(new TextDecoder().decode(content), "podman arm64");
});

Deno.test("podman pushes a manifest list with all its images", async () => {
  await using bench = await openWorkbench();
  const image = await multiArchIndex("podman list");
  const from = await seed({ host: bench.host, repository: bench.repository("podman/from") }, image, "v1");
  const place = { host: bench.host, repository: bench.repository("podman/to") };
  const env = await containersStorage(bench, "storage");
  await bench.run("podman", ["manifest", "create", "list"], { env });
  await bench.run("podman", ["manifest", "add", PLAIN, "--all", "list", `docker://${from}`], { env });
  const to = `docker://${place.host}/${place.repository}:v1`;
  await bench.run("podman", ["manifest", "push", PLAIN, "--all", "list", to], { env });
  const pushed = await readServed(place, "v1", MEDIA.index);
  const digests = manifestOf(pushed, pushed.root.digest).manifests!.map((child) => child.digest);
  const expected = manifestOf(image, image.root.digest).manifests!;
  assertEquals(digests.toSorted(), expected.map((child) => child.digest).toSorted());
  for (const child of expected) {
    await assertServes(place, child.digest, { root: child, content: image.content });
  }
});

Deno.test("podman searches the catalogue and lists the tags of a repository", async () => {
  await using bench = await openWorkbench();
  const place = { host: bench.host, repository: bench.repository("podman/search") };
  const tags = ["v1", "v2", "v3"];
  for (const tag of tags) await seed(place, await smallImage(`podman ${tag}`), tag);
  const env = await containersStorage(bench, "storage");
  const name = `${place.host}/${place.repository}`;
  const found = await bench.run("podman", ["search", PLAIN, "--format", "{{.Name}}", name], { env });
  assertStringIncludes(found, name);
  const args = ["search", PLAIN, "--list-tags", "--format", "json", name];
  const listed: unknown = JSON.parse(await bench.run("podman", args, { env }));
  assertEquals(listed, [{ Name: name, Tags: tags }]);
});
