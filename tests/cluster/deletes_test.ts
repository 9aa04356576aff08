/**
 * An acknowledged delete is effective at every replica: clients that push again right after it, with each request at
 * another replica than the one before, really push. All settings are the defaults.
 */
import { assertEquals } from "@std/assert";
import { assertServes, type Place } from "../clients/served.ts";
import { openWorkbench, type Workbench } from "../clients/workbench.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import { type Image, isManifestType, multiArchIndex, noise, walk, writeLayout } from "../images/mod.ts";

const REPLICAS = 2;
const ROUNDS = 3;

/** A client's push of the image in a layout. */
type Push = (bench: Workbench, layout: string, name: string) => Promise<unknown>;

const PUSHES: Record<string, Push> = {
  oras: (bench, layout, name) =>
    bench.run("oras", [
      "cp",
      "--no-tty",
      "--to-plain-http",
      "--from-oci-layout",
      `${layout}:v1`,
      `${name}:v1`,
    ]),
  crane: (bench, layout, name) => bench.run("crane", ["push", layout, `${name}:v1`]),
  regctl: async (bench, layout, name) => {
    await bench.run("regctl", ["registry", "set", bench.host, "--tls", "disabled", "--skip-check"]);
    await bench.run("regctl", ["image", "copy", `ocidir://${layout}:v1`, `${name}:v1`]);
  },
};

/** Has every replica remember all of the image. */
async function pullEverywhere({ replicas }: Cluster, repository: string, image: Image): Promise<void> {
  for (const { host } of replicas) {
    for (let time = 0; time < 2; time++) await assertServes({ host, repository }, "v1", image);
  }
}

/** Sends a request, and answers its status. */
async function statusOf(method: string, url: string): Promise<number> {
  const response = await fetch(url, { method });
  await response.body?.cancel();
  return response.status;
}

/** Deletes all of the image, each manifest and blob by its digest, and looks at every replica for what is left. */
async function deleteAll(cluster: Cluster, { host, repository }: Place, image: Image): Promise<void> {
  const digests = new Map(walk(image).map(({ digest, mediaType }) => [digest, mediaType]));
  for (const [digest, mediaType] of [...digests].reverse()) {
    const path = `/v2/${repository}/${isManifestType(mediaType) ? "manifests" : "blobs"}/${digest}`;
    assertEquals(await statusOf("DELETE", `http://${host}${path}`), 202, path);
    for (const { url } of cluster.replicas) {
      for (const method of ["HEAD", "GET"]) {
        assertEquals(await statusOf(method, url + path), 404, `${method} ${path}`);
      }
    }
  }
}

Deno.test("clients push deleted content again, through any replica", async (t) => {
  await using cluster = await startCluster({ replicas: REPLICAS });
  await using bench = await openWorkbench(cluster.host);
  for (const [client, push] of Object.entries(PUSHES)) {
    await t.step(client, async () => {
      const place = { host: cluster.host, repository: `again/${client}` };
      const image = await multiArchIndex(client);
      const layout = await writeLayout(`${bench.folder}/${client}`, image, "v1");
      for (let round = 0; round < ROUNDS; round++) {
        await push(bench, layout, `${place.host}/${place.repository}`);
        await pullEverywhere(cluster, place.repository, image);
        await deleteAll(cluster, place, image);
      }
      await push(bench, layout, `${place.host}/${place.repository}`);
      await pullEverywhere(cluster, place.repository, image);
    });
  }
  await t.step("oras blob push", async () => {
    await Deno.writeFile(`${bench.folder}/blob`, noise("again", 100_000));
    const name = `${cluster.host}/again/blob`;
    const push = ["blob", "push", "--plain-http", "--descriptor", name, "blob"];
    for (let round = 0; round < ROUNDS; round++) {
      const { digest } = JSON.parse(await bench.run("oras", push));
      const path = `/v2/again/blob/blobs/${digest}`;
      for (let time = 0; time < 2 * REPLICAS; time++) {
        const response = await fetch(`http://${cluster.host}${path}`);
        assertEquals((await response.bytes()).length, 100_000);
      }
      assertEquals(await statusOf("DELETE", `http://${cluster.host}${path}`), 202);
    }
  });
});
