import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { freePort } from "../harness/ports.ts";
import { startRegistry } from "../harness/registry_process.ts";
import { ADMINISTRATOR, authSetting, basic, usersOf } from "../harness/secured.ts";
import { DIGEST, MAIN, pushHello, runMain, startUpload, until, withFolder } from "./run_main.ts";

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

Deno.test("main prints that the file is not a database and exits with 1", async () => {
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

Deno.test("main keeps pushed content over a restart", async () => {
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

Deno.test("main removes the remains of expired uploads", async () => {
  await withFolder(async (data) => {
    await using registry = await startRegistry({
      data,
      env: {
        SKERRY_UPLOAD_EXPIRY: "4s",
        SKERRY_GRACE: "8s",
        SKERRY_DEADLINE: "1s",
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
  await registry.kill("SIGINT");
  const lines = registry.log().trim().split("\n").map((line) => JSON.parse(line));
  const [reason, again, ...rest] = lines.filter(({ message }) => /ready/i.test(message ?? ""));
  assertStringIncludes(reason.message, "Not ready: cannot use the storage");
  assertStringIncludes(reason.error, "No such file or directory");
  assertEquals([again.message, rest], ["Ready again: the storage works", []]);
  const probes = lines.filter(({ route }) => route === "ready" || route === "live");
  assertEquals(
    [...new Set(probes.map((probe) => probe["http.response.status_code"]))],
    [503],
    "a probe that succeeds is not logged",
  );
});

Deno.test("main ends its start on a terminal with the address and the next steps", async () => {
  await using registry = await startRegistry({ env: { SKERRY_LOG: "text" } });
  const lines = registry.log().trim().split("\n");
  const at = lines.findIndex((line) => line.includes(`Listening on ${registry.url}`));
  assertMatch(
    lines[at + 1] ?? "",
    / Push an image: docker tag alpine 127\.0\.0\.1:\d+\/alpine && docker push /,
  );
  assertStringIncludes(lines[at + 2] ?? "", "turn on authentication (docs/access.md)");
});

Deno.test("main logs every probe if the setting says so", async () => {
  await using registry = await startRegistry({ env: { SKERRY_LOG_PROBES: "on" } });
  await registry.kill("SIGINT");
  assertStringIncludes(registry.log(), '"url.path":"/livez","http.response.status_code":200');
});

Deno.test("main logs one JSON line for each request and nothing of its secrets", async () => {
  await using registry = await startRegistry();
  const response = await fetch(`${registry.url}/v2/a/tags/list?n=1&token=hunter2`, {
    headers: { Authorization: "Basic aHVudGVyMg==", "User-Agent": `docker/29.0 ${"x".repeat(300)}` },
  });
  await response.body?.cancel();
  await registry.kill("SIGINT");
  const lines = registry.log().trim().split("\n").map((line) => JSON.parse(line));
  const [entry] = lines.filter((line) => line["url.path"] === "/v2/a/tags/list");
  const facts = [entry["http.request.method"], entry.route, entry["http.response.status_code"]];
  assertEquals(facts, ["GET", "listTags", 404]);
  assertEquals([entry["enduser.id"], entry["client.address"]], ["anonymous", "127.0.0.1"]);
  assertEquals(entry["user_agent.original"], `docker/29.0 ${"x".repeat(244)}`);
  assertEquals(entry.id, response.headers.get("X-Request-Id"));
  assert(!/hunter2|aHVudGVyMg/.test(registry.log()));
});

Deno.test("main accepts logins: tokens of one process are valid in another and after a restart", async () => {
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

Deno.test("main prints the error of an invalid file of users and exits with 1", async () => {
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
