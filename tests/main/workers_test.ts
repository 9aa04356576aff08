import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { startRegistry } from "../harness/registry_process.ts";
import { startSecured } from "../harness/secured.ts";
import {
  beginRequest,
  DIGEST,
  MAIN,
  pushHello,
  runMain,
  startUpload,
  until,
  withFolder,
} from "./run_main.ts";
import { clientsOf, untilOpen, type WorkerClient, workerOf, workerPids } from "./workers.ts";
import { digestOf } from "../harness/content.ts";

/** Milliseconds between two signs of life of a worker. */
const ALIVE_INTERVAL_MS = 1000;

const TWO = { SKERRY_WORKERS: "2", SKERRY_LOG: "json" };

/** Pushes a random blob in one request. Undefined if the connection broke, as it does when a worker is killed. */
async function pushBlob(url: string): Promise<string | undefined> {
  const blob = crypto.getRandomValues(new Uint8Array(2000));
  const digest = digestOf(blob);
  try {
    const response = await fetch(`${url}/v2/a/blobs/uploads/?digest=${digest}`, {
      method: "POST",
      body: blob,
      headers: { Connection: "close" },
    });
    await response.body?.cancel();
    return response.status === 201 ? digest : undefined;
  } catch {
    return undefined;
  }
}

async function statusOf(response: Promise<Response>): Promise<number> {
  const { status, body } = await response;
  await body?.cancel();
  return status;
}

Deno.test("workers continue an upload that another worker began, and serve its content", async () => {
  await using registry = await startRegistry({ env: TWO });
  const [one, two] = await clientsOf(registry);
  const post = await one!.fetch("/v2/a/blobs/uploads/", { method: "POST" });
  await post.body?.cancel();
  const upload = post.headers.get("Location")!;
  const patch = await one!.fetch(upload, { method: "PATCH", body: "hel" });
  await patch.body?.cancel();
  assertEquals([patch.status, workerOf(patch)], [202, one!.worker]);
  const more = { method: "PATCH", body: "lo", headers: { "Content-Range": "3-4" } };
  assertEquals(await statusOf(two!.fetch(upload, more)), 202);
  assertEquals(await statusOf(one!.fetch(`${upload}?digest=${DIGEST}`, { method: "PUT" })), 201);
  for (const client of [one!, two!]) {
    const pull = await client.fetch(`/v2/a/blobs/${DIGEST}`);
    assertEquals([workerOf(pull), await pull.text()], [client.worker, "hello"]);
    client[Symbol.dispose]();
  }
});

Deno.test("workers write whole lines to one log", async () => {
  await using registry = await startRegistry({ env: TWO });
  await untilOpen(registry);
  const count = 2000;
  // Long paths, so that a batch is much longer than what a pipe takes at once.
  const path = `/v2/${"a".repeat(200)}/tags/list`;
  await Promise.all(Array.from({ length: 20 }, async () => {
    for (let i = 0; i < count / 20; i++) {
      assertEquals(await statusOf(fetch(registry.url + path, { headers: { Connection: "close" } })), 404);
    }
  }));
  assertEquals((await registry.kill("SIGTERM")).code, 0);
  const lines = registry.log().trimEnd().split("\n").map((line) => JSON.parse(line));
  const requests = lines.filter(({ route }) => route === "listTags");
  assertEquals(requests.length, count);
  assertEquals(new Set(requests.map(({ id }) => id.split("-")[0])).size, 2);
  assertEquals(lines.filter(({ message }) => message?.startsWith("Listening on")).length, 1);
  assertEquals(lines.filter(({ message }) => message === "Shutting down").length, 1);
});

Deno.test("a worker that ends is replaced, and no acknowledged push is lost", async () => {
  await using registry = await startRegistry({ env: TWO });
  const before = await untilOpen(registry);
  const pushed: string[] = [];
  let pushing = true;
  const pushes = Promise.all([1, 2, 3, 4].map(async () => {
    while (pushing) {
      const digest = await pushBlob(registry.url);
      if (digest !== undefined) pushed.push(digest);
    }
  }));
  await until(() => pushed.length > 20);
  Deno.kill(before[1]!, "SIGKILL");
  await until(() => registry.log().includes("Worker ended: another one starts"));
  const count = pushed.length;
  await until(() => pushed.length > count + 20);
  const after = await untilOpen(registry);
  pushing = false;
  await pushes;
  assertEquals(after[0], before[0]);
  assertNotEquals(after[1], before[1]);
  assertMatch(registry.log(), /"worker":2,"signal":"SIGKILL","seconds":0\.1/);
  for (const digest of pushed) {
    assertEquals(await statusOf(fetch(`${registry.url}/v2/a/blobs/${digest}`)), 200);
  }
});

Deno.test("a worker that hangs makes the registry unready until it is replaced", async () => {
  await using registry = await startRegistry({ env: TWO });
  await untilOpen(registry);
  const clients = await clientsOf(registry);
  const [first, second] = await workerPids(registry);
  Deno.kill(second!, "SIGSTOP");
  const answers = await Promise.all(clients.map(async (client) => {
    const path = "/readyz";
    while (true) {
      try {
        const response = await client.fetch(path, { signal: AbortSignal.timeout(1500) });
        await response.body?.cancel();
        if (response.status === 503) return "unready";
        await new Promise((resolve) => setTimeout(resolve, 100));
      } catch {
        return "silent";
      }
    }
  }));
  assertEquals(answers.sort(), ["silent", "unready"]);
  for (const client of clients) client[Symbol.dispose]();
  await until(() => registry.log().includes("Worker did not respond and was killed"));
  const after = await untilOpen(registry);
  assertEquals(after[0], first);
  assertNotEquals(after[1], second);
});

Deno.test("workers complete their pushes in progress at a stop, and all of them end", async () => {
  await using registry = await startRegistry({ env: TWO });
  const pids = await untilOpen(registry);
  const upload = `${registry.url}/v2/a/blobs/uploads/?digest=${DIGEST}`;
  // The kernel chooses the worker of each.
  const pushes = await Promise.all(Array.from({ length: 8 }, () => beginRequest("POST", upload, 5)));
  const ended = registry.kill("SIGTERM");
  await until(() => registry.log().includes('"Shutting down"'));
  for (const push of pushes) {
    await push.send("hello");
    assertStringIncludes(await push.receive(), "HTTP/1.1 201 ");
    push[Symbol.dispose]();
  }
  assertEquals((await ended).code, 0);
  for (const pid of pids) assertEquals(await isRunning(pid), false);
});

async function isRunning(pid: number): Promise<boolean> {
  try {
    // The name of the program stands before the state, in parentheses.
    return !/\) Z /.test(await Deno.readTextFile(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

Deno.test("workers end with their supervisor, and leave the port free", async () => {
  await withFolder(async (data) => {
    const registry = await startRegistry({ env: TWO, data });
    const pids = await untilOpen(registry);
    await registry.kill("SIGKILL");
    await until(async () => !await isRunning(pids[0]!) && !await isRunning(pids[1]!));
    await using next = await startRegistry({ env: TWO, data, port: registry.port });
    await pushHello(next.url);
  });
});

Deno.test("workers log no error when their supervisor is killed", async () => {
  await using registry = await startRegistry({ env: TWO });
  const pids = await untilOpen(registry);
  // When they go on, each is due to send a sign of life, and has not yet noticed the end of its supervisor.
  for (const pid of pids) Deno.kill(pid, "SIGSTOP");
  const ended = registry.kill("SIGKILL");
  await new Promise((resolve) => setTimeout(resolve, 2 * ALIVE_INTERVAL_MS));
  for (const pid of pids) Deno.kill(pid, "SIGCONT");
  await ended;
  assert(!registry.log().includes('"level":"error"'), registry.log());
});

Deno.test("workers end with a supervisor that was killed before it read all their messages", async () => {
  await using registry = await startRegistry({ env: TWO });
  const pids = await untilOpen(registry);
  Deno.kill(registry.pid, "SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 2 * ALIVE_INTERVAL_MS));
  // Its end of the channel is closed with unread messages: the workers read ECONNRESET, and not its end.
  const ended = registry.kill("SIGKILL");
  let timer: ReturnType<typeof setTimeout>;
  await Promise.race([ended, new Promise((resolve) => timer = setTimeout(resolve, 10 * ALIVE_INTERVAL_MS))]);
  clearTimeout(timer!);
  const left: number[] = [];
  for (const pid of pids) if (await isRunning(pid)) left.push(pid);
  for (const pid of left) Deno.kill(pid, "SIGKILL");
  await ended;
  assertEquals(left, [], registry.log());
  assert(!registry.log().includes('"level":"error"'), registry.log());
});

Deno.test("workers run the background work once", async () => {
  await using registry = await startRegistry({
    env: {
      ...TWO,
      SKERRY_UPLOAD_EXPIRY: "1s",
      SKERRY_GRACE: "2s",
      SKERRY_DEADLINE: "250ms",
      SKERRY_SWEEP_INTERVAL: "100ms",
    },
  });
  await untilOpen(registry);
  assertEquals(
    await statusOf(fetch(await startUpload(registry.url), { method: "PATCH", body: "hello" })),
    202,
  );
  await until(() => registry.log().includes('"Sweep removed expired uploads","uploads":1'));
});

Deno.test("main refuses to share its port with another registry that has workers", async () => {
  await using registry = await startRegistry({ env: TWO });
  const { code, stderr } = await runMain({ ...TWO, HOST: "127.0.0.1", PORT: `${registry.port}` });
  assertEquals(code, 1);
  assertMatch(stderr, /^Cannot listen on 127\.0\.0\.1, port \d+: Address already in use.*\n$/);
});

Deno.test("main with workers prints once why it cannot start", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    const { code, stderr } = await runMain({ ...TWO, SKERRY_DATA: `${folder}/file/data` });
    assertEquals(code, 1);
    assertStringIncludes(stderr, `Cannot use the data folder "${folder}/file/data": Not a directory`);
    assertEquals(stderr.trimEnd().split("\n").length, 1);
  });
});

Deno.test("main without the right to run Deno names it instead of starting workers", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-env", "--allow-net", "--allow-read", MAIN],
    env: { ...TWO, PORT: "0" },
  }).output();
  assertEquals([code, new TextDecoder().decode(stderr)], [
    1,
    "Cannot start 2 workers: the process may not run Deno " +
    `(add --allow-run=${Deno.execPath()}, or set SKERRY_WORKERS=1)\n`,
  ]);
});

Deno.test("workers have only the rights that their configuration needs", async () => {
  await using registry = await startRegistry({ env: TWO });
  for (const pid of await untilOpen(registry)) {
    const words = (await Deno.readTextFile(`/proc/${pid}/cmdline`)).split("\0");
    const rights = words.filter((word) => /^--allow-|^-A/.test(word)).map((word) => word.split("=")[0]);
    assertEquals(rights, ["--allow-env", "--allow-net", "--allow-read", "--allow-write"]);
    assert(words.includes(`--allow-write=${registry.data}`));
  }
});

Deno.test("workers count the requests of a client together", async () => {
  await using registry = await startSecured({ limits: { requestsPerMinute: 60 } }, TWO);
  await untilOpen(registry);
  const clients = await clientsOf(registry);
  /** Requests that the worker admits until it refuses one. */
  const admittedBy = async (client: WorkerClient) => {
    for (let count = 0;; count++) {
      const status = await statusOf(client.fetch("/v2/"));
      if (status === 429) return count;
      assertEquals(status, 401);
    }
  };
  assert(await admittedBy(clients[0]!) >= 60);
  // The counts take a moment to reach the other worker.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const admitted = await admittedBy(clients[1]!);
  assert(admitted < 30, `the other worker admitted ${admitted} more`);
  for (const client of clients) client[Symbol.dispose]();
});
