/** One new layer that two clients push at the same time: no client sees two of them, and only one is kept. */
import { ListMultipartUploadsCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { assertEquals } from "@std/assert";
import { createHash, randomBytes } from "node:crypto";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import { startUpload } from "../harness/content.ts";
import { s3Client } from "../services/mod.ts";

const LAYER_BYTES = 200 * 1024 * 1024;

/** Time for deletions after a commit, in milliseconds. */
const SETTLING_MS = 5000;

/** Pushes a layer and answers the status. */
type Push = (url: string, repository: string, layer: Layer) => Promise<number>;

interface Layer {
  bytes: Uint8Array<ArrayBuffer>;
  digest: string;
}

/** With its length and its digest, so that the store can take it straight from the client. */
const inPut: Push = async (url, repository, { bytes, digest }) => {
  const location = await begin(url, repository);
  return await statusOf(`${url}${location}?digest=${digest}`, { method: "PUT", body: bytes });
};

/** As docker does it: without either, and so in parts. */
const inPatch: Push = async (url, repository, { bytes, digest }) => {
  const location = await begin(url, repository);
  await statusOf(url + location, { method: "PATCH", body: new Blob([bytes]).stream() });
  return await statusOf(`${url}${location}?digest=${digest}`, { method: "PUT" });
};

function begin(url: string, repository: string): Promise<string> {
  return startUpload((path, init) => fetch(url + path, init), repository);
}

async function statusOf(url: string, init: RequestInit): Promise<number> {
  const response = await fetch(url, init);
  await response.body?.cancel();
  return response.status;
}

/** Sizes of all objects in the bucket, and the number of incomplete ones that will never be completed. */
async function contentOf({ stores }: Cluster): Promise<{ sizes: number[]; begun: number }> {
  const client = s3Client(stores.s3.endpoint);
  const Bucket = stores.bucket;
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
  return { sizes: Contents.map(({ Size = 0 }) => Size), begun: Uploads.length };
}

/** The content once the deletions have ended that no client waits for: nothing is begun any more, or time is up. */
async function settledContentOf(cluster: Cluster): ReturnType<typeof contentOf> {
  const until = Date.now() + SETTLING_MS;
  for (;;) {
    const content = await contentOf(cluster);
    if (content.begun === 0 || Date.now() > until) return content;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function digestAt(url: string): Promise<string> {
  const response = await fetch(url);
  const hash = createHash("sha256");
  for await (const bytes of response.body!) hash.update(bytes);
  return `sha256:${hash.digest("hex")}`;
}

Deno.test("two clients that push one new layer at the same time leave one object", async (test) => {
  await using cluster = await startCluster();
  const [one, two, three] = cluster.replicas.map(({ url }) => url) as [string, string, string];
  const kept: number[] = [];
  for (const [way, push] of Object.entries({ "by PUT": inPut, "by PATCH": inPatch })) {
    await test.step(way, async () => {
      const bytes = new Uint8Array(randomBytes(LAYER_BYTES));
      const layer = { bytes, digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}` };
      assertEquals(await Promise.all([push(one, "a", layer), push(two, "b", layer)]), [201, 201]);
      kept.push(LAYER_BYTES);
      assertEquals(await settledContentOf(cluster), { sizes: kept, begun: 0 });
      for (const repository of ["a", "b"]) {
        assertEquals(await digestAt(`${three}/v2/${repository}/blobs/${layer.digest}`), layer.digest);
      }
    });
  }
});
