import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { createHash, randomBytes } from "node:crypto";
import { startTask, until } from "./testing/task.ts";

const MIB = 1024 * 1024;

/** Bytes of the chunk that is acknowledged: one part of an object at S3, and a rest. */
const FIRST_CHUNK = 20 * MIB;

/** Bytes that are sent of the next chunk before its replica is killed. */
const BROKEN_CHUNK = 20 * MIB;

const digestOf = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

async function push(url: string, content: string): Promise<string> {
  const path = `${url}/v2/a/blobs`;
  const digest = digestOf(new TextEncoder().encode(content));
  const response = await fetch(`${path}/uploads/?digest=${digest}`, { method: "POST", body: content });
  assertEquals(response.status, 201, await response.text());
  return digest;
}

async function pull(url: string, digest: string): Promise<Uint8Array> {
  const response = await fetch(`${url}/v2/a/blobs/${digest}`);
  assertEquals(response.status, 200);
  return await response.bytes();
}

Deno.test("deno task cluster serves a push of one replica from the others and from the balancer", async () => {
  await using task = await startTask("--replicas=2");
  for (const address of task.stores) await breakRequest(address);
  const digest = await push(task.replicas[0]!.url, "content");
  for (const url of [task.replicas[1]!.url, task.url, task.url]) {
    assertEquals(new TextDecoder().decode(await pull(url, digest)), "content");
  }
  for (const number of [1, 2]) {
    assertMatch(task.output(), new RegExp(`replica ${number}  GET /v2/a/blobs/sha256:`));
  }
  task.kill("SIGTERM");
  assertEquals(await task.code, 0, task.output());
  await assertAllGone(task);
  await assertRejects(() => Deno.stat(task.folder), Deno.errors.NotFound);
});

Deno.test("deno task cluster completes a push whose replica is killed in the middle", async () => {
  await using task = await startTask();
  const blob = new Uint8Array(randomBytes(FIRST_CHUNK + BROKEN_CHUNK + MIB));
  const started = await fetch(`${task.url}/v2/a/blobs/uploads/`, { method: "POST" });
  await started.body?.cancel();
  const upload = new URL(started.headers.get("location")!, task.url).href;

  const first = await fetch(upload, { method: "PATCH", body: blob.subarray(0, FIRST_CHUNK) });
  assertEquals([first.status, await first.text()], [202, ""]);

  const next = new URL(first.headers.get("location")!, task.url).href;
  const killed = await killDuring(task, next, blob.subarray(FIRST_CHUNK, FIRST_CHUNK + BROKEN_CHUNK));
  await until(() => task.output().includes(`replica ${killed} ended (SIGKILL): requests go to`));

  const status = await fetch(next); // end-13
  await status.body?.cancel();
  assertEquals(status.status, 204);
  const stored = Number(/^0-(\d+)$/.exec(status.headers.get("range")!)![1]) + 1;
  assert(stored >= FIRST_CHUNK && stored <= FIRST_CHUNK + BROKEN_CHUNK, `${stored} bytes are stored`);
  const url = new URL(status.headers.get("location")!, task.url);
  url.searchParams.set("digest", digestOf(blob));
  const completed = await fetch(url, { method: "PUT", body: blob.subarray(stored) });
  assertEquals(completed.status, 201, await completed.text());
  for (const { url } of task.replicas.filter(({ number }) => number !== killed)) {
    assertEquals(digestOf(await pull(url, digestOf(blob))), digestOf(blob));
  }
});

/** Sends bytes of an upload that does not end, and kills the replica that has it. */
async function killDuring(task: Task, upload: string, bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>>();
  const writer = writable.getWriter();
  const answered = fetch(upload, { method: "PATCH", body: readable });
  const broken = assertRejects(() => answered, TypeError);
  for (let at = 0; at < bytes.length; at += MIB) await writer.write(bytes.subarray(at, at + MIB));
  const number = Number([...task.output().matchAll(/replica (\d+) +PATCH /g)].at(-1)![1]);
  Deno.kill(task.replicas[number - 1]!.pid, "SIGKILL");
  await writer.close();
  await broken;
  return number;
}

/** Sends a store the beginning of a request, as a replica does that is killed. */
async function breakRequest(address: string): Promise<void> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(address).port) });
  await connection.write(
    new TextEncoder().encode("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf"),
  );
}

type Task = Awaited<ReturnType<typeof startTask>>;

Deno.test("deno task cluster keeps the content of --data, and restarts replicas only with --restart", async () => {
  const data = await Deno.makeTempDir({ prefix: "skerry-" });
  let digest: string;
  {
    await using first = await startTask("--replicas=1", `--data=${data}`);
    digest = await push(first.url, "content");
    Deno.kill(first.replicas[0]!.pid, "SIGKILL");
    await until(() => first.output().includes("replica 1 ended (SIGKILL): no replica is ready"));
    const refused = await fetch(`${first.url}/v2/`);
    assertEquals([refused.status, await refused.text()], [503, "No replica accepts connections\n"]);
  }
  await using task = await startTask("--replicas=1", `--data=${data}`, "--restart");
  assertEquals(new TextDecoder().decode(await pull(task.url, digest)), "content");
  Deno.kill(task.replicas[0]!.pid, "SIGKILL");
  await until(() => task.output().includes("replica 1 is ready: requests go to 1"));
  assertEquals(new TextDecoder().decode(await pull(task.url, digest)), "content");
  task.kill("SIGINT");
  assertEquals(await task.code, 0, task.output());
  await Deno.remove(data, { recursive: true });
});

Deno.test("deno task cluster ends all processes when npx or the task itself is killed", async () => {
  {
    await using task = await startTask("--replicas=1", "npx");
    task.kill("SIGKILL"); // npx, which hands nothing on
    await assertAllGone(task);
    assertMatch(task.output(), /\nStopping\n$/);
  }
  await using task = await startTask("--replicas=1");
  task.kill("SIGKILL");
  await assertAllGone(task);
  await Deno.remove(task.folder, { recursive: true }); // which the task could not do
});

/** Waits until nothing listens at the addresses of the cluster. */
async function assertAllGone({ url, replicas, stores }: Task): Promise<void> {
  const addresses = [url, ...replicas.map((replica) => replica.url), ...stores];
  assertEquals(addresses.length, replicas.length + 3);
  for (const address of addresses) await until(async () => !await isServed(address));
}

async function isServed(address: string): Promise<boolean> {
  try {
    await (await fetch(address)).body?.cancel();
    return true;
  } catch {
    return false;
  }
}

Deno.test("deno task cluster names the port that is taken, and starts nothing", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "cluster", `--port=${port}`],
  }).output();
  assertNotEquals(code, 0);
  assertMatch(new TextDecoder().decode(stderr), new RegExp(`127.0.0.1:${port}.*\\(choose with --port\\)`));
});
