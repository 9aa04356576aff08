/** Many requests at once for one manifest, through HTTP: the reads of the table that they share. */
import { assertEquals } from "@std/assert";
import { cached } from "../../cache/mod.ts";
import { buildApp, type TestApp, testStores } from "../harness/app.ts";
import { withoutChangeCount } from "../harness/call_counts.ts";
import { EMPTY, imageOf, pushBlob, pushManifest } from "../harness/content.ts";
import { hooked } from "../harness/stores.ts";

const REQUESTS = 500;
const IMAGE = imageOf("of a herd");
const BY_TAG = "/v2/app/manifests/latest";
const BY_DIGEST = `/v2/app/manifests/${IMAGE.digest}`;

/** A process without a cached fact, over a table whose reads wait while they are held. */
interface HeldProcess extends TestApp {
  /** Reads so far: the first word of the sort key, or `batch`. */
  reads: string[];
  /** Number of reads that have begun and not ended. */
  inFlight: () => number;
  /** Holds the reads that begin from now on. Returns what ends that. */
  hold: () => () => void;
}

async function startHeldProcess(): Promise<HeldProcess> {
  const { objects, table } = testStores();
  const { request: push } = buildApp({ registry: { objects, table } });
  await pushBlob(push, "app", EMPTY);
  await pushManifest(push, "app", IMAGE, "latest");
  const reads: string[] = [];
  let ended = 0;
  let gate = Promise.resolve();
  const held = hooked(table, async (method, [key]) => {
    reads.push(method === "get" ? (key as { sk: string }).sk.split("#")[0]! : "batch");
    await gate;
  }, () => void ended++);
  const process = buildApp({ registry: { objects, table: withoutChangeCount(held) }, wrap: cached });
  const hold = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    return resolve;
  };
  return { ...process, reads, inFlight: () => reads.length - ended, hold };
}

async function pull({ request }: TestApp, path: string): Promise<void> {
  assertEquals(await (await request(path)).bytes(), IMAGE.bytes);
}

function herd(process: TestApp, path: string, count = REQUESTS): Promise<void[]> {
  return Promise.all(Array.from({ length: count }, () => pull(process, path)));
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

Deno.test("500 requests at once for a cold manifest by digest read the manifest once", async () => {
  const process = await startHeldProcess();
  await herd(process, BY_DIGEST);
  await turns(10);
  assertEquals(process.reads, ["epoch", "manifest", "batch"], "the batch is that of its blobs");
  await herd(process, BY_DIGEST);
  assertEquals(process.reads.slice(3), ["epoch"]);
});

Deno.test("500 requests at once for a cold manifest by tag read the tag and the manifest once", async () => {
  const process = await startHeldProcess();
  await herd(process, BY_TAG);
  await turns(10);
  assertEquals(process.reads, ["batch", "manifest", "batch"], "the tag with the epoch, and its blobs");
});

Deno.test("500 requests one after another for a hot tag have at most 4 reads in flight", async () => {
  const process = await startHeldProcess();
  await pull(process, BY_TAG);
  await turns(10);
  const release = process.hold();
  const pulls: Promise<void>[] = [];
  for (let at = 0; at < REQUESTS; at++) {
    pulls.push(pull(process, BY_TAG));
    await turns(1);
  }
  assertEquals(process.inFlight(), 4);
  release();
  await Promise.all(pulls);
  assertEquals(
    process.reads.slice(3),
    Array(5).fill("batch"),
    "all requests after the fourth share one read",
  );
});
