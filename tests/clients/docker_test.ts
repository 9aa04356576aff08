import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  digestOfBytes,
  dockerImage,
  dockerManifestList,
  largeImage,
  MEDIA,
  multiArchIndex,
  noise,
  smallImage,
} from "../images/mod.ts";
import { type Docker, loadIntoDocker, reasonAgainstDocker, startDocker } from "./dockerd.ts";
import { manifestOf, readServed, seed, tagsOf } from "./served.ts";
import { openWire } from "./wire.ts";
import { openWorkbench, type Workbench } from "./workbench.ts";

const reason = await reasonAgainstDocker();

/** A test that is reported as ignored, with the reason, where the daemon cannot start. */
function dockerTest(name: string, run: (bench: Workbench, docker: Docker["docker"]) => Promise<void>): void {
  Deno.test({
    name: reason === undefined ? name : `${name} [the docker daemon cannot start here: ${reason}]`,
    ignore: reason !== undefined,
    async fn() {
      await using bench = await openWorkbench();
      await using daemon = await startDocker(bench);
      await run(bench, daemon.docker);
    },
  });
}

/** Reads a file of an image that docker has. */
async function readFile(docker: Docker["docker"], bench: Workbench, image: string, path: string) {
  const container = (await docker("create", image)).trim();
  await docker("cp", `${container}:${path}`, `${bench.folder}/copied`);
  await docker("rm", container);
  return await Deno.readFile(`${bench.folder}/copied`);
}

dockerTest("docker pushes an image, forgets it and pulls it again", async (bench, docker) => {
  const place = { host: bench.host, repository: bench.repository("docker/push") };
  const name = `${place.host}/${place.repository}:v1`;
  await loadIntoDocker(docker, bench, await largeImage("docker"), name);
  const id = (await docker("images", "-q", "--no-trunc", name)).trim();
  assertStringIncludes(await docker("push", name), "digest: sha256:");
  const pushed = await readServed(place, "v1", MEDIA.dockerManifest);
  assertEquals(manifestOf(pushed, pushed.root.digest).config?.digest, id);

  await docker("rmi", name);
  assertEquals(await docker("images", "-q"), "");
  assertStringIncludes(await docker("pull", name), `Digest: ${pushed.root.digest}`);
  assertEquals((await docker("images", "-q", "--no-trunc", name)).trim(), id);
  const content = await readFile(docker, bench, name, "/srv/large");
  assertEquals(digestOfBytes(content), digestOfBytes(noise("docker large", 7 * 1024 * 1024 + 13)));
});

dockerTest(
  "docker pulls the image of a platform from an OCI index and from a manifest list",
  async (bench, docker) => {
    const place = { host: bench.host, repository: bench.repository("docker/index") };
    const images = {
      oci: await multiArchIndex("docker oci"),
      docker: await dockerManifestList("docker list"),
    };
    for (const [tag, image] of Object.entries(images)) {
      const name = await seed(place, image, tag);
      assertStringIncludes(
        await docker("pull", "--platform", "linux/arm64", name),
        `Digest: ${image.root.digest}`,
      );
      const content = new TextDecoder().decode(await readFile(docker, bench, name, "/srv/architecture"));
      assertEquals(content, tag === "oci" ? "docker oci arm64" : "docker list arm64");
    }
  },
);

dockerTest("docker mounts the layers that it has pulled from another repository", async (bench, docker) => {
  await using wire = openWire(bench.host);
  const image = await dockerImage("docker mount");
  const [from, to] = [bench.repository("docker/from"), bench.repository("docker/to")];
  await seed({ host: bench.host, repository: from }, image, "v1");
  const [source, target] = [`${wire.host}/${from}:v1`, `${wire.host}/${to}:v1`];
  await docker("pull", source);
  await docker("tag", source, target);
  assertStringIncludes(await docker("push", target), `Mounted from ${from}`);
  const pushed = await readServed({ host: bench.host, repository: to }, "v1", MEDIA.dockerManifest);
  assertEquals(manifestOf(pushed, pushed.root.digest).layers, manifestOf(image, image.root.digest).layers);
  const mounts = wire.exchanges.filter(({ target }) => target.includes("mount="));
  assertEquals(mounts.map(({ method, status }) => [method, status]), [["POST", 201]]);
});

dockerTest("docker pushes and pulls all tags of a repository", async (bench, docker) => {
  const place = { host: bench.host, repository: bench.repository("docker/tags") };
  const name = `${place.host}/${place.repository}`;
  const tags = ["v1", "v2", "v3"];
  for (const tag of tags) {
    await loadIntoDocker(docker, bench, await smallImage(`docker ${tag}`), `${name}:${tag}`);
  }
  await docker("push", "--all-tags", name);
  assertEquals(await tagsOf(place), tags);
  for (const tag of tags) await docker("rmi", `${name}:${tag}`);
  await docker("pull", "--all-tags", name);
  assertEquals((await docker("images", "--format", "{{.Tag}}", name)).trim().split("\n").sort(), tags);
});

dockerTest("docker makes a manifest list of images in the registry", async (bench, docker) => {
  const place = { host: bench.host, repository: bench.repository("docker/manifest") };
  const images = [await dockerImage("docker one"), await dockerImage("docker two")];
  const names = [await seed(place, images[0]!, "one"), await seed(place, images[1]!, "two")];
  const list = `${place.host}/${place.repository}:list`;
  await docker("manifest", "create", "--insecure", list, ...names);
  await docker("manifest", "push", "--insecure", list);
  const pushed = await readServed(place, "list", MEDIA.dockerList);
  const children = manifestOf(pushed, pushed.root.digest).manifests!.map((child) => child.digest);
  assertEquals(children.sort(), images.map((image) => image.root.digest).sort());
});
