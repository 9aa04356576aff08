import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { freePort, startRegistry } from "../tests/harness/registry_process.ts";
import { ADMINISTRATOR, authSetting, basic, usersOf } from "../tests/harness/secured.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const DIGEST = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"; // of "hello"

/** How a process ended that could not start. */
async function runMain(
  env: Record<string, string>,
  ...command: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", MAIN, ...command],
    env: { PORT: "0", ...env },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs `test` with a folder of its own. */
async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "skerry-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Begins an upload and answers its URL. */
async function startUpload(url: string): Promise<string> {
  const response = await fetch(`${url}/v2/a/blobs/uploads/`, { method: "POST" });
  await response.body?.cancel();
  assertEquals(response.status, 202);
  return new URL(response.headers.get("Location")!, url).href;
}

async function pushHello(url: string): Promise<void> {
  const response = await fetch(`${await startUpload(url)}?digest=${DIGEST}`, {
    method: "PUT",
    body: "hello",
  });
  await response.body?.cancel();
  assertEquals(response.status, 201);
}

/** Pushes more than the sockets between us hold. */
async function pushLarge(url: string): Promise<{ digest: string; blob: Uint8Array }> {
  const blob = new Uint8Array(32 * 1_048_576);
  const digest = `sha256:${createHash("sha256").update(blob).digest("hex")}`;
  const push = await fetch(`${await startUpload(url)}?digest=${digest}`, { method: "PUT", body: blob });
  await push.body?.cancel();
  return { digest, blob };
}

/** A request that the server has begun to handle, and whose body waits. */
class HalfRequest {
  readonly #connection: Deno.Conn;

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** Sends the head; the server says "100 Continue" when the request is on its way to its handler. */
  static async begin(method: string, target: string, length: number): Promise<HalfRequest> {
    const { hostname, port, host, pathname, search } = new URL(target);
    const request = new HalfRequest(await Deno.connect({ hostname, port: Number(port) }));
    await request.send(
      `${method} ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${length}\r\n` +
        "Expect: 100-continue\r\n\r\n",
    );
    assertStringIncludes(await request.receive(), "100 Continue");
    return request;
  }

  async send(text: string): Promise<void> {
    await this.#connection.write(new TextEncoder().encode(text));
  }

  /** What comes next; nothing where the server has cut the connection. */
  async receive(): Promise<string> {
    const buffer = new Uint8Array(4096);
    const length = await this.#connection.read(buffer).catch(() => null);
    return new TextDecoder().decode(buffer.subarray(0, length ?? 0));
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

/** Waits until `condition` holds; the test's own limit is what ends it where it never does. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!await condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

Deno.test("main names everything that is wrong with the configuration and exits with 1", async () => {
  const { code, stdout, stderr } = await runMain({ PORT: "x", SKERRY_READ_ONLY: "maybe", SKERRY_TYPO: "1" });
  assertEquals([code, stdout], [1, ""]);
  assertEquals(stderr.trimEnd().split("\n"), [
    "Cannot use the configuration:",
    "  SKERRY_TYPO: No such setting",
    '  port (PORT): Expected a port from 0 to 65535, got "x"',
    '  readOnly (SKERRY_READ_ONLY): Expected "on" or "off", got "maybe"',
  ]);
});

Deno.test("main says that the port is taken and exits with 1", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { code, stderr } = await runMain({ PORT: `${listener.addr.port}` });
  assertEquals(code, 1);
  assertMatch(stderr, /^Cannot listen on 127\.0\.0\.1, port \d+: Address already in use.*\n$/);
});

Deno.test("main says that it cannot use the data folder and exits with 1", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    const { code, stderr } = await runMain({ SKERRY_DATA: `${folder}/file/data` });
    assertEquals(code, 1);
    assertStringIncludes(stderr, `Cannot use the data folder "${folder}/file/data": Not a directory`);
    assertEquals(stderr.trimEnd().split("\n").length, 1);
  });
});

Deno.test("main says that the database is none and exits with 1", async () => {
  await withFolder(async (data) => {
    await Deno.writeTextFile(
      `${data}/table.sqlite`,
      "This is no database, and long enough to be sure.".repeat(50),
    );
    const { code, stderr } = await runMain({ SKERRY_DATA: data });
    assertEquals([code, stderr], [1, `Cannot use the data folder "${data}": file is not a database\n`]);
  });
});

Deno.test("main runs an operator's command and exits with its code", async () => {
  const help = await runMain({}, "help");
  assertEquals([help.code, help.stderr], [0, ""]);
  assertStringIncludes(help.stdout, "Usage: deno task skerry <command>");
  const misused = await runMain({}, "serv");
  assertEquals([misused.code, misused.stdout], [2, ""]);
  assertStringIncludes(misused.stderr, 'No such command: "serv"');
  const without = await runMain({}, "check");
  assertEquals(without, {
    code: 1,
    stdout: "",
    stderr: 'The command needs S3 and DynamoDB: SKERRY_STORAGE is "folder", not "aws"\n',
  });
});

Deno.test("main lets a push that is coming in end when it is told to stop, and exits with 0", async () => {
  await withFolder(async (data) => {
    {
      await using registry = await startRegistry({ data });
      const upload = await startUpload(registry.url);
      using push = await HalfRequest.begin("PUT", `${upload}?digest=${DIGEST}`, 5);
      const ended = registry.kill("SIGTERM");
      await until(() => registry.log().includes('"Shutting down"'));
      const refused = await fetch(`${registry.url}/readyz`);
      await refused.body?.cancel();
      assertEquals(refused.status, 503);
      await push.send("hello");
      assertStringIncludes(await push.receive(), "HTTP/1.1 201 ");
      assertEquals((await ended).code, 0);
    }
    await using registry = await startRegistry({ data });
    assertEquals(await (await fetch(`${registry.url}/v2/a/blobs/${DIGEST}`)).text(), "hello");
  });
});

Deno.test("main lets a pull that is going out end when it is told to stop, and exits with 0", async () => {
  await using registry = await startRegistry();
  const { digest, blob } = await pushLarge(registry.url);
  const pull = await fetch(`${registry.url}/v2/a/blobs/${digest}`);
  const ended = registry.kill("SIGTERM");
  await until(() => registry.log().includes('"Shutting down"'));
  assertEquals((await pull.arrayBuffer()).byteLength, blob.length);
  assertEquals((await ended).code, 0);
});

Deno.test("main keeps what an upload has brought when it is told to stop, and answers", async () => {
  await withFolder(async (data) => {
    let upload: string;
    {
      await using registry = await startRegistry({ data });
      upload = new URL(await startUpload(registry.url)).pathname;
      using push = await HalfRequest.begin("PATCH", registry.url + upload, 1000);
      await push.send("hello");
      const ended = registry.kill("SIGTERM");
      const answer = await push.receive();
      assertStringIncludes(answer, "HTTP/1.1 503 ");
      assertMatch(answer, /^retry-after: 1\r$/im);
      assertEquals((await ended).code, 0);
      assertEquals(registry.log().includes("Shutdown timed out"), false);
    }
    await using registry = await startRegistry({ data });
    const status = await fetch(registry.url + upload);
    assertEquals([status.status, status.headers.get("Range")], [204, "0-4"]);
  });
});

Deno.test("main ends a manifest that comes slowly when it is told to stop, and answers", async () => {
  await using registry = await startRegistry();
  using push = await HalfRequest.begin("PUT", `${registry.url}/v2/a/manifests/v1`, 1000);
  const ended = registry.kill("SIGTERM");
  assertStringIncludes(await push.receive(), "HTTP/1.1 503 ");
  assertEquals((await ended).code, 0);
  assertEquals(registry.log().includes("Shutdown timed out"), false);
});

Deno.test("main cuts off what does not end in time when it is told to stop, and exits with 0", async () => {
  await using registry = await startRegistry();
  const { digest } = await pushLarge(registry.url);
  const pull = await fetch(`${registry.url}/v2/a/blobs/${digest}`);
  assertEquals((await registry.kill("SIGINT")).code, 0);
  assertStringIncludes(registry.log(), "Shutdown timed out: open requests aborted");
  await assertRejects(() => pull.arrayBuffer());
});

Deno.test("main ends at once at a second signal", async () => {
  await using registry = await startRegistry();
  using push = await HalfRequest.begin("PATCH", await startUpload(registry.url), 5);
  const ended = registry.kill("SIGTERM");
  await until(() => registry.log().includes('"Shutting down"'));
  await new Promise((resolve) => setTimeout(resolve, 600));
  Deno.kill(registry.pid, "SIGTERM");
  assertEquals((await ended).code, 1);
  assertEquals(await push.receive(), "");
});

Deno.test("main takes a signal that a parent hands on at once for the one that it has", async () => {
  await using registry = await startRegistry();
  using push = await HalfRequest.begin("PUT", `${registry.url}/v2/a/manifests/v1`, 1000);
  const ended = registry.kill("SIGINT");
  await until(() => registry.log().includes('"Shutting down"'));
  Deno.kill(registry.pid, "SIGINT");
  assertStringIncludes(await push.receive(), "HTTP/1.1 503 ");
  assertEquals((await ended).code, 0);
});

/** Connections that send nothing; those that are refused are not among them. */
async function silentConnections({ port }: { port: number }, count: number): Promise<Disposable> {
  const connections: Deno.Conn[] = [];
  for (let number = 0; number < count; number++) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
    if (connection !== undefined) connections.push(connection);
  }
  return { [Symbol.dispose]: () => connections.forEach((connection) => connection.close()) };
}

/** Tries again while the connection is among those that are closed to make room. */
async function onceConnected(attempt: () => Promise<void>): Promise<void> {
  for (let left = 20;; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0 || !(error instanceof TypeError)) throw error;
    }
  }
}

for (
  const [known, permissions] of [
    ["it knows", ["--allow-all"]],
    ["it may not ask for", ["--no-prompt", "--allow-env", "--allow-net", "--allow-read", "--allow-write"]],
  ] as const
) {
  Deno.test(`main goes on when silent connections reach a limit of files that ${known}`, async () => {
    await using registry = await startRegistry({ descriptors: 128, permissions });
    using _silent = await silentConnections(registry, 400);
    await onceConnected(() => pushHello(registry.url));
    await pushHello(registry.url);
    const exhausted = registry.log().includes("Cannot accept connections: too many open files");
    assertEquals(exhausted, known !== "it knows", registry.log());
  });
}

Deno.test("main exits with 1 when the platform's listener ends, so that its supervisor restarts it", async () => {
  const port = freePort();
  await using registry = await startRegistry({
    port,
    descriptors: 128,
    env: { DENO_SERVE_ADDRESS: `tcp:127.0.0.1:${port}` },
  });
  using _silent = await silentConnections(registry, 400);
  assertEquals((await registry.status).code, 1);
  assertStringIncludes(registry.log(), "Cannot accept connections any more: exiting with 1");
});

Deno.test("main keeps what was pushed over a restart", async () => {
  await withFolder(async (data) => {
    {
      await using registry = await startRegistry({ data });
      await pushHello(registry.url);
    }
    await using registry = await startRegistry({ data });
    assertEquals(await (await fetch(`${registry.url}/v2/a/blobs/${DIGEST}`)).text(), "hello");
  });
});

Deno.test("main serves one data folder from two processes at once", async () => {
  await withFolder(async (data) => {
    await using one = await startRegistry({ data });
    await using two = await startRegistry({ data });
    await Promise.all([pushHello(one.url), pushHello(two.url), pushHello(one.url), pushHello(two.url)]);
    for (const { url } of [one, two]) {
      assertEquals(await (await fetch(`${url}/v2/a/blobs/${DIGEST}`)).text(), "hello");
    }
  });
});

Deno.test("main removes what expired uploads have left", async () => {
  await withFolder(async (data) => {
    await using registry = await startRegistry({
      data,
      env: {
        SKERRY_UPLOAD_EXPIRY: "1s",
        SKERRY_GRACE: "2s",
        SKERRY_DEADLINE: "250ms",
        SKERRY_SWEEP_INTERVAL: "100ms",
        SKERRY_LOG: "json",
      },
    });
    const response = await fetch(await startUpload(registry.url), { method: "PATCH", body: "hello" });
    await response.body?.cancel();
    assertEquals(response.status, 202);
    await until(() => registry.log().includes('"Sweep removed expired uploads","uploads":1'));
    assertEquals(await filesIn(`${data}/objects`), []);
  });
});

async function filesIn(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) files.push(...await filesIn(`${folder}/${name}`));
    else files.push(`${folder}/${name}`);
  }
  return files;
}

Deno.test("main refuses pushes and deletes as it is configured", async () => {
  await withFolder(async (data) => {
    {
      await using registry = await startRegistry({ data, env: { SKERRY_DELETE_BLOBS: "off" } });
      await pushHello(registry.url);
      const response = await fetch(`${registry.url}/v2/a/blobs/${DIGEST}`, { method: "DELETE" });
      await response.body?.cancel();
      assertEquals(response.status, 405);
    }
    await using registry = await startRegistry({ data, env: { SKERRY_READ_ONLY: "on" } });
    const push = await fetch(`${registry.url}/v2/a/blobs/uploads/`, { method: "POST" });
    await push.body?.cancel();
    const pull = await fetch(`${registry.url}/v2/a/blobs/${DIGEST}`);
    assertEquals([push.status, await pull.text()], [405, "hello"]);
  });
});

Deno.test("main starts under the conditions of Deno Deploy: no arguments, no disk, no call out", async () => {
  await withFolder(async (folder) => {
    const port = freePort();
    await using process = new Deno.Command(Deno.execPath(), {
      // Whatever it tries beyond listening and reading its own code ends it.
      args: ["run", "--no-prompt", "--allow-env", "--allow-read", `--allow-net=0.0.0.0:${port}`, MAIN],
      cwd: folder,
      env: { DENO_DEPLOY: "1", PORT: `${port}` },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const url = `http://127.0.0.1:${port}`;
    await until(() =>
      fetch(`${url}/livez`).then((response) => response.text(), () => "").then((text) => text === "ok\n")
    );
    for (const path of ["/", "/v2/", "/readyz"]) {
      const response = await fetch(url + path);
      await response.body?.cancel();
      assertEquals(response.status, 200, path);
    }
    await pushHello(url);
    assertEquals([...Deno.readDirSync(folder)], []);
    process.kill("SIGINT");
    const { code, stdout, stderr } = await process.output();
    const log = new TextDecoder().decode(stdout);
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    assert(log.split("\n").some((line) => line.includes('"level":"warn"') && line.includes("memory")), log);
  });
});

Deno.test("main is not ready while its data folder cannot be written, and logs the reason once", async () => {
  await using registry = await startRegistry();
  const status = async () => {
    const response = await fetch(`${registry.url}/readyz`);
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await status(), 200);
  await Deno.rename(`${registry.data}/objects`, `${registry.data}/elsewhere`);
  await until(async () => await status() === 503);
  assertEquals(await status(), 503);
  await Deno.rename(`${registry.data}/elsewhere`, `${registry.data}/objects`);
  await until(async () => await status() === 200);
  await registry.kill("SIGTERM");
  const lines = registry.log().trim().split("\n").map((line) => JSON.parse(line));
  const [reason, again, ...rest] = lines.filter(({ message }) => /ready/i.test(message ?? ""));
  assertStringIncludes(reason.message, "Not ready: cannot use the storage");
  assertStringIncludes(reason.error, "No such file or directory");
  assertEquals([again.message, rest], ["Ready again: the storage works", []]);
  const probes = lines.filter(({ route }) => route === "ready" || route === "live");
  assertEquals(
    [...new Set(probes.map(({ status }) => status))],
    [503],
    "a probe that succeeds is not logged",
  );
});

Deno.test("main ends its start on a terminal with the address and what to do next", async () => {
  await using registry = await startRegistry({ env: { SKERRY_LOG: "text" } });
  const lines = registry.log().trim().split("\n");
  const at = lines.findIndex((line) => line.includes(`Listening on ${registry.url}`));
  assertMatch(
    lines[at + 1] ?? "",
    / Push an image: docker tag alpine 127\.0\.0\.1:\d+\/alpine && docker push /,
  );
  assertStringIncludes(lines[at + 2] ?? "", "turn on authentication (docs/access.md)");
});

Deno.test("main logs every probe where it is told to", async () => {
  await using registry = await startRegistry({ env: { SKERRY_LOG_PROBES: "on" } });
  await registry.kill("SIGTERM");
  assertStringIncludes(registry.log(), '"path":"/livez","status":200');
});

Deno.test("main logs one JSON line for each request and nothing of its secrets", async () => {
  await using registry = await startRegistry();
  const response = await fetch(`${registry.url}/v2/a/tags/list?n=1&token=hunter2`, {
    headers: { Authorization: "Basic aHVudGVyMg==" },
  });
  await response.body?.cancel();
  await registry.kill("SIGTERM");
  const lines = registry.log().trim().split("\n").map((line) => JSON.parse(line));
  const [entry] = lines.filter(({ path }) => path === "/v2/a/tags/list");
  assertEquals([entry.method, entry.route, entry.status], ["GET", "listTags", 404]);
  assertEquals(entry.id, response.headers.get("X-Request-Id"));
  assert(!/hunter2|aHVudGVyMg/.test(registry.log()));
});

Deno.test("main lets in who logs in: tokens of one process are good in another and after a restart", async () => {
  await withFolder(async (data) => {
    const port = freePort();
    const env = await authSetting(port, {
      users: await usersOf("alice"),
      policies: [{ repositories: ["**"], allow: [{ to: ["user:alice", "robot:ci"], actions: ["pull"] }] }],
    });
    const status = async (url: string, authorization?: string) => {
      const headers = authorization === undefined ? {} : { Authorization: authorization };
      const response = await fetch(`${url}/v2/`, { headers });
      await response.body?.cancel();
      return response.status;
    };
    let token: string;
    let robot: string;
    {
      await using one = await startRegistry({ port, data, env });
      await using two = await startRegistry({ data, env });
      const asked = await fetch(`${one.url}/v2/`);
      await asked.body?.cancel();
      assertEquals(asked.headers.get("Docker-Distribution-API-Version"), "registry/2.0");
      assertEquals([await status(one.url), await (await fetch(`${one.url}/livez`)).text()], [401, "ok\n"]);
      const headers = { Authorization: basic({ username: "alice", password: "alice's password" }) };
      token = (await (await fetch(`${one.url}/token?scope=repository:a:pull`, { headers })).json()).token;
      const made = await fetch(`${two.url}/v2/_skerry/tokens`, {
        method: "POST",
        headers: { Authorization: basic(ADMINISTRATOR) },
        body: '{"robot":"ci"}',
      });
      robot = basic({ username: "ci", password: (await made.json()).secret });
      for (const { url } of [one, two]) {
        assertEquals([await status(url, `Bearer ${token}`), await status(url, robot)], [200, 200]);
      }
    }
    await using again = await startRegistry({ data, env });
    assertEquals([await status(again.url, `Bearer ${token}`), await status(again.url, robot)], [200, 200]);
  });
});

Deno.test("main says what is wrong with a file of users and exits with 1", async () => {
  await withFolder(async (data) => {
    await Deno.writeTextFile(`${data}/htpasswd`, "alice:secret\n");
    const { code, stderr } = await runMain({
      SKERRY_DATA: data,
      SKERRY_AUTH: JSON.stringify({ url: "https://registry.test", htpasswd: `${data}/htpasswd` }),
    });
    assertEquals(code, 1);
    assertEquals(
      stderr.trim(),
      `auth: Cannot use "${data}/htpasswd", line 1: Expected a bcrypt hash with a cost from 4 to 14`,
    );
  });
});
