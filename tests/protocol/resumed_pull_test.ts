/** A large layer that a client fetches through redirects, and resumes after each cut. */
import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { createRegistry } from "../../registry/mod.ts";
import { MemoryTable } from "../../storage/mod.ts";
import { makeStore } from "../../storage/objects/s3/testing/mod.ts";
import { startFaultProxy } from "../faults/mod.ts";
import { fakeApp } from "../harness/app.ts";
import { type Send, startUpload } from "../harness/content.ts";
import { noise } from "../images/mod.ts";

const MIB = 1024 * 1024;

/** Size of the layer in bytes. 12 GiB (`RESUMED_BYTES=12884901888`) take some minutes, and no more memory. */
const SIZE = Number(Deno.env.get("RESUMED_BYTES") ?? 48 * MIB);

/** The layer repeats these bytes, one part of a multipart upload: the S3 server of the tests keeps equal parts once. */
const PERIOD = noise("resumed", 8 * MIB);

const CUTS = 3;

/** Pushes the layer in one PATCH. Returns its digest. */
async function push(request: Send, repository: string): Promise<string> {
  const hash = createHash("sha256");
  let sent = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const begin = sent % PERIOD.length;
      const piece = PERIOD.subarray(begin, begin + Math.min(MIB, SIZE - sent));
      hash.update(piece);
      sent += piece.length;
      controller.enqueue(piece.slice()); // the reader may take the memory away
      if (sent === SIZE) controller.close();
    },
  });
  const patch = await request(await startUpload(request, repository), { method: "PATCH", body });
  assertEquals(patch.status, 202, await patch.text());
  const digest = `sha256:${hash.digest("hex")}`;
  const put = await request(`${patch.headers.get("Location")}?digest=${digest}`, { method: "PUT" });
  assertEquals(put.status, 201, await put.text());
  return digest;
}

/** Reads a body into the hash as far as it comes. Returns the number of bytes. */
async function readInto(hash: ReturnType<typeof createHash>, response: Response): Promise<number> {
  let length = 0;
  try {
    for await (const piece of response.body!) {
      hash.update(piece);
      length += piece.length;
    }
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof Deno.errors.Http)) throw error; // else it was cut
  }
  return length;
}

Deno.test(`a layer of ${SIZE / MIB} MiB is resumed through redirects after three cuts`, async () => {
  await using made = await makeStore();
  const seen: Headers[] = [];
  await using proxy = startFaultProxy({
    upstream: made.server.endpoint,
    onRequest: ({ headers }) => seen.push(headers),
  });
  const objects = await made.open({ publicEndpoint: proxy.url, partSize: PERIOD.length });
  const { registry } = createRegistry({ objects, table: new MemoryTable() });
  const { request } = fakeApp(registry, { delivery: { delivery: "redirect", deliveryRules: [] } });
  const digest = await push(request, "models/large");

  proxy.script(Array.from({ length: CUTS }, () => "cut-response"));
  const hash = createHash("sha256");
  let received = 0;
  let etag = "";
  for (let round = 0; round <= CUTS; round++) {
    const headers: HeadersInit = round === 0 ? {} : { "Range": `bytes=${received}-`, "If-Range": etag };
    const redirect = await request(`/v2/models/large/blobs/${digest}`, { headers });
    assertEquals(redirect.status, 307);
    const response = await fetch(redirect.headers.get("Location")!, { headers });
    assertEquals(response.status, round === 0 ? 200 : 206);
    if (round > 0) {
      assertEquals(response.headers.get("Content-Range"), `bytes ${received}-${SIZE - 1}/${SIZE}`);
    }
    etag = response.headers.get("ETag")!;
    received += await readInto(hash, response);
    assertEquals(received === SIZE, round === CUTS, `${received} bytes after ${round} cuts`);
  }
  assertEquals(`sha256:${hash.digest("hex")}`, digest);
  assertEquals(proxy.counts["cut-response"], CUTS);
  assertEquals(seen.length, CUTS + 1);
  for (const headers of seen) {
    assertEquals([headers.has("Authorization"), headers.has("Cookie")], [false, false]);
  }
});
