import { assertEquals, assertGreater } from "@std/assert";
import {
  buildkitCacheIndex,
  dockerManifestList,
  emptyLayersImage,
  type Image,
  largeImage,
  MEDIA,
  multiArchIndex,
  readLayout,
  smallImage,
  walk,
  writeArchive,
} from "../images/mod.ts";
import { type Containerd, startContainerd } from "./containerd.ts";
import { assertSameImage, assertServes, seed } from "./served.ts";
import { openWire } from "./wire.ts";
import { openWorkbench, type Workbench } from "./workbench.ts";

/** Reads all that containerd holds of an image, byte for byte. */
async function exported(bench: Workbench, { ctr }: Containerd, name: string): Promise<Image> {
  const folder = `${bench.folder}/exported`;
  await Deno.mkdir(folder);
  await ctr("images", "export", "--all-platforms", `${folder}.tar`, name);
  const args = ["-xf", `${folder}.tar`, "-C", folder];
  const { success } = await new Deno.Command("tar", { args }).output();
  assertEquals(success, true);
  return await readLayout(folder);
}

const IMAGES = {
  "an image": () => smallImage("ctr"),
  "a multi-arch index with all its children": () => multiArchIndex("ctr"),
  "an image with zstd layers": () => smallImage("ctr", "+zstd"),
  "an image with empty layers": () => emptyLayersImage(),
  "an image with layers of several MiB": () => largeImage("ctr"),
};
for (const [what, make] of Object.entries(IMAGES)) {
  Deno.test(`ctr pushes ${what} and fetches it again`, async () => {
    await using bench = await openWorkbench();
    await using containerd = await startContainerd(bench);
    const image = await make();
    const place = { host: bench.host, repository: bench.repository("ctr/push") };
    const name = `${place.host}/${place.repository}:v1`;
    const archive = await writeArchive(`${bench.folder}/image.tar`, image, name);
    await containerd.ctr("images", "import", "--all-platforms", "--no-unpack", archive);
    await containerd.ctr("images", "push", "--plain-http", name);
    await assertServes(place, "v1", image);

    await containerd.ctr("images", "rm", "--sync", name);
    assertEquals(await containerd.ctr("content", "ls", "-q"), "");
    await containerd.ctr("content", "fetch", "--plain-http", "--all-platforms", name);
    assertSameImage(await exported(bench, containerd, name), image);
  });
}

Deno.test("ctr fetches a manifest list in Docker's format", async () => {
  await using bench = await openWorkbench();
  await using containerd = await startContainerd(bench);
  const image = await dockerManifestList("ctr");
  const name = await seed({ host: bench.host, repository: bench.repository("ctr/docker") }, image, "v1");
  await containerd.ctr("content", "fetch", "--plain-http", "--all-platforms", name);
  assertSameImage(await exported(bench, containerd, name), image);
});

Deno.test("ctr pulls and unpacks the image of its platform", async () => {
  await using bench = await openWorkbench();
  await using containerd = await startContainerd(bench);
  const image = await multiArchIndex("ctr unpack");
  const name = await seed({ host: bench.host, repository: bench.repository("ctr/unpack") }, image, "v1");
  const options = ["--snapshotter", "native", "--platform", "linux/arm64"];
  await containerd.ctr("images", "pull", "--plain-http", ...options, name);
  const target = `${bench.folder}/mounted`;
  await Deno.mkdir(target);
  await containerd.ctr("images", "mount", ...options, name, target);
  try {
    assertEquals(await Deno.readTextFile(`${target}/srv/architecture`), "ctr unpack arm64");
  } finally {
    await containerd.ctr("images", "unmount", target);
  }
});

Deno.test("ctr mounts the layers that it has pulled from another repository", async () => {
  await using bench = await openWorkbench();
  await using wire = openWire(bench.host);
  await using containerd = await startContainerd(bench);
  const image = await smallImage("ctr mount");
  const [from, to] = [bench.repository("ctr/from"), bench.repository("ctr/to")];
  await seed({ host: bench.host, repository: from }, image, "v1");
  const [source, target] = [`${wire.host}/${from}:v1`, `${wire.host}/${to}:v1`];
  await containerd.ctr("content", "fetch", "--plain-http", source);
  await containerd.ctr("images", "tag", source, target);
  await containerd.ctr("images", "push", "--plain-http", target);
  await assertServes({ host: bench.host, repository: to }, "v1", image);
  const mounts = wire.exchanges.filter(({ target }) => target.includes("mount="));
  assertEquals(mounts.map(({ method, status }) => [method, status]), [["POST", 201], ["POST", 201], [
    "POST",
    201,
  ]]);
});

Deno.test("ctr fetches from the registry as the mirror of another one", async () => {
  await using bench = await openWorkbench();
  await using wire = openWire(bench.host);
  await using containerd = await startContainerd(bench);
  const image = await multiArchIndex("ctr mirror");
  const repository = bench.repository("ctr/mirror");
  await seed({ host: bench.host, repository }, image, "v1");
  const hosts = `${bench.folder}/hosts`;
  await Deno.mkdir(`${hosts}/registry.example.com`, { recursive: true });
  const mirror = `[host."http://${wire.host}"]\ncapabilities = ["pull", "resolve"]\n`;
  await Deno.writeTextFile(`${hosts}/registry.example.com/hosts.toml`, mirror);
  const name = `registry.example.com/${repository}:v1`;
  await containerd.ctr("content", "fetch", "--hosts-dir", hosts, "--all-platforms", name);
  assertSameImage(await exported(bench, containerd, name), image);
  const [resolved, ...others] = wire.exchanges.map(({ target }) =>
    new URL(target, "http://mirror").searchParams
  );
  assertEquals(resolved?.get("ns"), "registry.example.com");
  assertGreater(others.length, 0);
});

for (const mediaType of [MEDIA.index, MEDIA.dockerList]) {
  Deno.test(`ctr fetches a build cache whose children are blobs, as ${mediaType}`, async () => {
    await using bench = await openWorkbench();
    await using containerd = await startContainerd(bench);
    const image = await buildkitCacheIndex("ctr", mediaType);
    const name = await seed({ host: bench.host, repository: bench.repository("ctr/cache") }, image, "v1");
    await containerd.ctr("content", "fetch", "--plain-http", "--all-platforms", name);
    const held = await containerd.ctr("content", "ls", "-q");
    assertEquals(held.trim().split("\n").sort(), walk(image).map(({ digest }) => digest).sort());
  });
}
