/** A process that stops during pushes and pulls: those that it cannot end in time resume at another process. */
import { assert, assertEquals, assertGreaterOrEqual, assertLessOrEqual, assertRejects } from "@std/assert";
import { openWire } from "../clients/wire.ts";
import { atOnce } from "../harness/at_once.ts";
import { type AwsStores, startAwsStores } from "../harness/aws_stores.ts";
import { digestOf, pushBlob, type Send, startUpload } from "../harness/content.ts";
import { type RegistryProcess, startRegistry } from "../harness/registry_process.ts";
import { noise } from "../images/mod.ts";
import { beginRequest, until } from "../main/run_main.ts";

const MIB = 1024 * 1024;

/** Larger than what the sockets between a process and a client hold. */
const LAYER = noise("stopped", 32 * MIB);
const DIGEST = digestOf(LAYER);

/** Bytes of a part of a multipart upload ({@linkcode startAwsStores}). */
const PART_BYTES = 5 * MIB;

/** Bytes of an upload that a client sends before the stop. */
const SENT_BYTES = 6 * MIB;

/** Public host of every process. */
const PUBLIC_HOST = "localhost";

/** A process whose public host redirects the blobs of `redirect/**`, and sends all others itself. */
function start(stores: AwsStores, s3 = stores.endpoints.s3): Promise<RegistryProcess> {
  return startRegistry({
    env: {
      ...stores.env({ ...stores.endpoints, s3 }),
      SKERRY_PUBLIC: JSON.stringify({ hosts: [PUBLIC_HOST] }),
      SKERRY_DELIVERY_RULES: JSON.stringify([{ repositories: ["redirect/**"], delivery: "redirect" }]),
      SKERRY_REDIRECT_ENDPOINT: stores.endpoints.s3,
    },
  });
}

const sendTo = ({ url }: RegistryProcess): Send => (path, init) => fetch(url + path, init);

/** GET of the layer at the public host. */
function get({ port }: RegistryProcess, delivery: "proxy" | "redirect", headers: HeadersInit = {}) {
  const url = `http://${PUBLIC_HOST}:${port}/v2/${delivery}/app/blobs/${DIGEST}`;
  return fetch(url, { headers, redirect: "manual" });
}

/** URL of the store to which the public host redirects a GET. */
async function locationOf(registry: RegistryProcess, headers: HeadersInit = {}): Promise<string> {
  const response = await get(registry, "redirect", headers);
  await response.body?.cancel();
  assertEquals(response.status, 307);
  return response.headers.get("Location")!;
}

/** The beginning of a body, and the reader that the rest comes from. */
async function begin(response: Response) {
  assertEquals(response.status, 200);
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  return { reader, received: value!, etag: response.headers.get("ETag")! };
}

/** Reads to the end. */
async function readOn(reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>) {
  const pieces = [];
  for (let { value } = await reader.read(); value !== undefined; { value } = await reader.read()) {
    pieces.push(value);
  }
  return await new Blob(pieces).bytes();
}

/** Asserts that the whole layer is the received bytes and those of the response to a range. */
async function assertResumes(response: Response, received: Uint8Array<ArrayBuffer>): Promise<void> {
  assertEquals(response.status, 206);
  const { length } = LAYER;
  assertEquals(response.headers.get("Content-Range"), `bytes ${received.length}-${length - 1}/${length}`);
  assertEquals(digestOf(await new Blob([received, await response.bytes()]).bytes()), DIGEST);
}

/** Stops a process by a signal in the middle of all that clients do, who then go on at `other`. */
async function stopBy(signal: Deno.Signal, stores: AwsStores, other: RegistryProcess): Promise<void> {
  await using wire = openWire(new URL(stores.endpoints.s3).host);
  await using stopped = await start(stores, `http://${wire.host}`);
  const upload = await startUpload(sendTo(stopped), "proxy/app");
  const path = new URL(upload, stopped.url).pathname;
  using push = await beginRequest("PATCH", stopped.url + path, LAYER.length);
  await push.send(LAYER.subarray(0, SENT_BYTES));
  await until(() =>
    wire.exchanges.some(({ target, status }) => /partNumber=1\b/.test(target) && status === 200)
  );

  const slow = await begin(await get(stopped, "proxy"));
  const fast = await begin(await get(stopped, "proxy"));
  const redirected = await begin(await fetch(await locationOf(stopped)));

  const ended = stopped.kill(signal);
  const rest = readOn(fast.reader);
  const answer = await push.answer();
  assertEquals([answer.status, answer.headers.get("retry-after")], [503, "1"]);
  assertEquals(digestOf(await new Blob([fast.received, await rest]).bytes()), DIGEST);
  assertEquals((await ended).code, 0);
  await assertRejects(() => readOn(slow.reader));

  // The store goes on, and the other process has another redirect for a client that was cut there.
  const { reader, received, etag } = redirected;
  const range = { "Range": `bytes=${received.length}-`, "If-Range": etag };
  await assertResumes(await fetch(await locationOf(other, range), { headers: range }), received);
  assertEquals((await readOn(reader)).length, LAYER.length - received.length);

  const remaining = { "Range": `bytes=${slow.received.length}-`, "If-Range": slow.etag };
  await assertResumes(await get(other, "proxy", remaining), slow.received);

  await assertContinues(sendTo(other), path);
}

/** Sends the rest of an upload of which {@linkcode SENT_BYTES} were sent, from where the registry says that it is. */
async function assertContinues(send: Send, path: string): Promise<void> {
  const status = await send(path);
  assertEquals(status.status, 204);
  const kept = Number(status.headers.get("Range")?.split("-")[1]) + 1;
  assertGreaterOrEqual(kept, PART_BYTES);
  assertLessOrEqual(kept, SENT_BYTES);
  const patch = await send(path, {
    method: "PATCH",
    headers: { "Content-Range": `${kept}-${LAYER.length - 1}` },
    body: LAYER.subarray(kept),
  });
  assertEquals(patch.status, 202, await patch.text());
  const put = await send(`${path}?digest=${DIGEST}`, { method: "PUT" });
  assertEquals(put.status, 201, await put.text());
}

Deno.test("pushes and pulls that a stopped process cannot end resume at another one, at the public host and the store too", async (t) => {
  await using stores = await startAwsStores();
  await using other = await start(stores);
  for (const repository of ["proxy/app", "redirect/app"]) await pushBlob(sendTo(other), repository, LAYER);
  const signals: Deno.Signal[] = ["SIGINT", "SIGTERM"];
  await atOnce(t, Object.fromEntries(signals.map((signal) => [signal, () => stopBy(signal, stores, other)])));
  assert(!other.log().includes('"level":"error"'), other.log());
});
