import { assert, assertEquals } from "@std/assert";
import { MemoryObjectStore, readAll } from "../../storage/mod.ts";
import { Nearest } from "../../storage/nearest.ts";
import { makeStub } from "../../storage/objects/s3/testing/mod.ts";
import { content } from "../../tests/harness/stores.ts";
import { seeded } from "../../tests/random.ts";
import { nearObjects } from "./mod.ts";

const KEYS = Array.from({ length: 8 }, (_, i) => `blobs/${i}`);

/** Milliseconds after which a replica counts as failed, here. */
const LIMIT_MS = 300;

/** Answers of a replica that lags, loses, refuses, answers late or never, and breaks off. */
const FAULTS: ((bytes: Uint8Array<ArrayBuffer>, closed: Promise<void>) => Response | Promise<Response>)[] = [
  (bytes) => new Response(bytes),
  (bytes) => new Response(bytes),
  () => error(404, "NoSuchKey"),
  () => error(404, "NoSuchBucket"),
  () => error(403, "AccessDenied"),
  () => error(503, "SlowDown"),
  () => new Response("<html>Bad gateway</html>", { status: 502 }),
  () => new Response(null, { status: 301 }),
  (_, closed) => closed.then(() => error(500, "InternalError")),
  (bytes) => new Response(halfOf(bytes), { headers: { "content-length": `${bytes.length}` } }),
];

function error(status: number, code: string): Response {
  return new Response(`<Error><Code>${code}</Code></Error>`, { status });
}

/** Half of the bytes, and then the end. */
function halfOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream {
  return new Blob([bytes.subarray(0, bytes.length / 2)]).stream();
}

Deno.test("get() gives the right bytes, or a broken body, and no false 404 when the replica fails in any way", async () => {
  const below = seeded(20_261_128);
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  const home = new MemoryObjectStore();
  for (const [i, key] of KEYS.entries()) await home.put(key, content(1000, i));
  await using stub = await makeStub((request) => {
    const key = KEYS.findIndex((key) => new URL(request.url).pathname.endsWith(key));
    return FAULTS[below(FAULTS.length)]!(content(1000, key), closed);
  }, { attemptTimeout: LIMIT_MS, deadline: LIMIT_MS });
  const clock = { now: 0 };
  let failures = 0;
  const replicas = new Nearest({
    replicas: [{ name: "near", store: stub.store, ping: () => Promise.resolve("near") }],
    pingHome: () => Promise.resolve("home"),
    time: async (ping) => await ping() === "home" ? 100 : 1,
    failed: () => failures++,
    now: () => clock.now += 31_000, // so that each failure is followed by a measurement
  });
  const reads = nearObjects(home, { replicas, replicationTime: 0, redirects: false });
  let right = 0;
  for (let i = 0; i < 100; i++) {
    const key = below(KEYS.length);
    const found = await reads.get(KEYS[key]!);
    assert(found !== undefined, `${KEYS[key]} is missing`);
    const bytes = await readAll(found.body).catch(() => undefined);
    if (bytes === undefined) continue; // it broke off
    right++;
    assertEquals(bytes, content(1000, key));
  }
  assert(failures > 0 && right > 0, JSON.stringify({ failures, right }));
  assertEquals(await reads.get("blobs/absent"), undefined);
  close();
});
