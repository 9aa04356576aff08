/** Reload of the configuration by the real process: see docs/operations.md. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname } from "node:path";
import { EMPTY, imageOf, pushBlob } from "../harness/content.ts";
import { startRegistry } from "../harness/registry_process.ts";
import { usersOf } from "../harness/secured.ts";
import { REFUSED, RELOADED, startConfigured } from "./configured.ts";
import { runMain, until, withFolder } from "./run_main.ts";
import { clientsOf, untilOpen, workerPids } from "./workers.ts";

const users = await usersOf("root", "alice", "bob");
const NEEDS_RESTART = "Changed settings that need a restart keep their values";

/** Access for these users, of whom `pullers` may pull from `team/app`. */
function authOf(url: string, names: string[], pullers: string[] = names, more = {}): Record<string, unknown> {
  return {
    url,
    users: Object.fromEntries(names.map((name) => [name, users[name]])),
    administrators: ["user:root"],
    policies: [{
      repositories: ["team/**"],
      allow: [{ to: pullers.map((name) => `user:${name}`), actions: ["pull"] }],
    }],
    ...more,
  };
}

const LIST = "/v2/team/app/tags/list";

Deno.test("main takes over users, policies and limits when the file changes", async () => {
  await using configured = await startConfigured({
    settings: (url) => ({ auth: authOf(url, ["root", "alice"]) }),
  });
  const { registry: { url, log }, statusOf, change } = configured;
  // A password that was right is in the cache, and a refused one counts.
  assertEquals([await statusOf(LIST, "alice"), await statusOf(LIST, "bob")], [404, 401]);

  const line = await change({ auth: authOf(url, ["root", "bob"]) });
  assertEquals(line.changed, "auth.users, auth.policies");
  assertEquals([await statusOf(LIST, "alice"), await statusOf(LIST, "bob")], [401, 404]);

  await change({ auth: authOf(url, ["root", "bob"], ["root"]) });
  assertEquals(await statusOf(LIST, "bob"), 403, "the policy was withdrawn");

  const limited = authOf(url, ["root", "bob"], ["root"], { limits: { requestsPerMinute: 3 } });
  assertEquals((await change({ auth: limited })).changed, "auth.limits");
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push(await statusOf(LIST, "bob"));
  assertEquals(statuses, [403, 403, 403, 429]);
  // A bucket keeps its fill: another limit refills it no sooner.
  await change({ auth: { ...limited, limits: { requestsPerMinute: 2 } } });
  assertEquals(await statusOf(LIST, "bob"), 429);

  for (const secret of Object.values(users)) assert(!log().includes(secret), "the log has a hash");
});

Deno.test("main reloads on SIGHUP without a change of the configuration file", async () => {
  await withFolder(async (folder) => {
    const htpasswd = `${folder}/htpasswd`;
    await Deno.writeTextFile(htpasswd, `root:${users.root}\nalice:${users.alice}\n`);
    const url = "http://127.0.0.1:1";
    const auth = { ...authOf(url, ["root", "alice"]), users: undefined, htpasswd };
    await using registry = await startRegistry({
      env: { SKERRY_AUTH: JSON.stringify(auth), SKERRY_LOG: "json" },
    });
    const login = { headers: { Authorization: `Basic ${btoa("alice:alice's password")}` } };
    const statusOf = async () => {
      const response = await fetch(registry.url + LIST, login);
      await response.body?.cancel();
      return response.status;
    };
    assertEquals(await statusOf(), 404);
    await Deno.writeTextFile(htpasswd, `root:${users.root}\n`);
    Deno.kill(registry.pid, "SIGHUP");
    await until(() => registry.log().includes(RELOADED));
    assertEquals(await statusOf(), 401);
  });
});

Deno.test("main keeps its configuration when a file is invalid, and logs the error of the check", async () => {
  await using configured = await startConfigured({
    settings: (url) => ({ auth: authOf(url, ["root", "alice"]) }),
  });
  const { registry, path, statusOf, change, after } = configured;
  const auth = authOf(registry.url, ["root"]);
  const broken = [
    JSON.stringify({ auth: { ...auth, policies: [{ repositories: ["a"], allow: "all" }] } }),
    JSON.stringify({ auth, retention: [{ repositories: ["**"], keepTags: [{ newest: -1 }] }] }),
    JSON.stringify({ auth, surprise: 1 }),
    JSON.stringify({ auth: { ...auth, users: { root: "no hash" } } }),
    JSON.stringify({ auth: { ...auth, keys: "missing.json" } }),
    JSON.stringify({ auth, uploadIdleTimeout: "60s" }).slice(0, -1),
    "",
  ];
  for (const text of broken) {
    const { error } = await after(REFUSED, () => Deno.writeTextFile(path, text));
    if (text !== "") {
      const { code, stderr } = await runMain(
        { SKERRY_CONFIG: path, SKERRY_DATA: registry.data },
        "config",
        "check",
      );
      assertEquals([code, stderr.trim()], [1, `${error}`.trim()]);
    } else assertStringIncludes(`${error}`, "is empty");
    assertEquals([await statusOf(LIST, "alice"), await statusOf("/readyz")], [404, 200]);
  }
  assertEquals(configured.lines(REFUSED).length, broken.length, "one line for each");
  await change({ auth });
  assertEquals(await statusOf(LIST, "alice"), 401);
});

Deno.test("main follows the links of a Kubernetes ConfigMap, and files that are renamed over", async () => {
  let version = 0;
  /** As the kubelet does: a new folder, and a link to it that is renamed over the old one. */
  async function swap(path: string, text: string): Promise<void> {
    const folder = dirname(path);
    const name = `..${++version}`;
    await Deno.mkdir(`${folder}/${name}`);
    await Deno.writeTextFile(`${folder}/${name}/skerry.yaml`, text);
    await Deno.symlink(name, `${folder}/..data_tmp`);
    await Deno.rename(`${folder}/..data_tmp`, `${folder}/..data`);
    if (version === 1) await Deno.symlink("..data/skerry.yaml", path);
    else await Deno.remove(`${folder}/..${version - 1}`, { recursive: true });
  }
  await using configured = await startConfigured({
    settings: (url) => ({ auth: authOf(url, ["root"]) }),
    write: swap,
  });
  const { registry: { url }, path, statusOf, change, after } = configured;
  for (const names of [["root", "alice"], ["root"], ["root", "alice"]]) {
    await change({ auth: authOf(url, names) });
    assertEquals(await statusOf(LIST, "alice"), names.includes("alice") ? 404 : 401);
  }
  // An editor: the new file takes the place of the link.
  await after(RELOADED, async () => {
    await Deno.writeTextFile(`${path}~`, JSON.stringify({ auth: authOf(url, ["root"]) }));
    await Deno.rename(`${path}~`, path);
  });
  assertEquals(await statusOf(LIST, "alice"), 401);
});

Deno.test("main never takes a file that is half written", async () => {
  await using configured = await startConfigured({ settings: () => ({ deleteTags: "on" }) });
  const { path, lines, after } = configured;
  const before = lines(RELOADED).length;
  const parts = [
    "deleteTags: off\n",
    "deleteBlobs: off\n",
    "references: sparse\n",
    "maxManifestSize: 1MiB\n",
  ];
  const { changed } = await after(RELOADED, async () => {
    using file = await Deno.open(path, { write: true, truncate: true });
    for (const part of parts) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      await file.write(new TextEncoder().encode(part));
    }
  });
  assertEquals(changed, "deleteTags, deleteBlobs, references, maxManifestSize");
  assertEquals([lines(RELOADED).length, lines(REFUSED).length], [before + 1, 0]);
});

Deno.test("main names the changed settings that need a restart, and never turns authentication off", async () => {
  await using configured = await startConfigured({
    settings: (url) => ({ auth: authOf(url, ["root", "alice"]), grace: "24h" }),
  });
  const { registry: { url }, statusOf, change, lines } = configured;
  const auth = authOf(url, ["root"]);
  assertEquals(
    (await change({ auth, grace: "48h", storage: "memory" })).changed,
    "auth.users, auth.policies",
  );
  assertEquals(lines(NEEDS_RESTART).at(-1)!.settings, "storage, grace");
  assertEquals(await statusOf(LIST, "alice"), 401);
  await change({ grace: "24h" });
  assertEquals(lines(NEEDS_RESTART).at(-1)!.settings, "auth");
  assertEquals(await statusOf(LIST), 401);
  // Valid by itself, but not beside the authentication that stays.
  const { error } = await change({ public: { hosts: ["127.0.0.1"] } }, REFUSED);
  assertStringIncludes(`${error}`, "public.hosts");
});

Deno.test("main lets a request end under the configuration with which it began", async () => {
  const immutable = [{ repositories: ["team/**"] }];
  await using configured = await startConfigured({
    settings: (url) => ({ auth: authOf(url, ["root", "alice"]) }),
  });
  const { registry: { url }, change, statusOf } = configured;
  const headers = { Authorization: `Basic ${btoa("root:root's password")}` };
  await pushBlob((path, init) => fetch(new URL(path, url), { ...init, headers }), "team/app", EMPTY);
  const put = (name: string) =>
    statusOf("/v2/team/app/manifests/v1", "root", {
      method: "PUT",
      body: imageOf(name).bytes,
      headers: { "Content-Type": imageOf(name).mediaType },
    });
  assertEquals(await put("one"), 201);
  const { bytes, mediaType } = imageOf("two");
  const sendRest = Promise.withResolvers<void>();
  const slow = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async start(controller) {
      controller.enqueue(bytes.subarray(0, 10));
      await sendRest.promise;
      controller.enqueue(bytes.subarray(10));
      controller.close();
    },
  });
  const moving = fetch(`${url}/v2/team/app/manifests/v1`, {
    method: "PUT",
    body: slow,
    headers: { ...headers, "Content-Type": mediaType },
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  await change({ auth: authOf(url, ["alice"], ["alice"], { administrators: [], immutable }) });
  assertEquals(await put("three"), 401, "a request that begins now has the new users");
  sendRest.resolve();
  const moved = await moving;
  await moved.body?.cancel();
  assertEquals(moved.status, 201, "the old users, policies and rules count for the request in progress");
});

Deno.test("workers take over a change together, and so does a worker that starts later", async () => {
  await using configured = await startConfigured({
    settings: (url) => ({ workers: 2, auth: authOf(url, ["root", "alice"]) }),
  });
  const { registry, statusOf, change, after } = configured;
  await untilOpen(registry);
  const statuses = async () => {
    const found = new Set<number>();
    for (const client of await clientsOf(registry)) {
      const response = await client.fetch(LIST, {
        headers: { Authorization: `Basic ${btoa("alice:alice's password")}` },
      });
      await response.body?.cancel();
      found.add(response.status);
      client[Symbol.dispose]();
    }
    return [...found];
  };
  assertEquals(await statuses(), [404]);
  await change({ workers: 2, auth: authOf(registry.url, ["root"]) });
  assertEquals(await statuses(), [401]);
  const [first] = await workerPids(registry);
  Deno.kill(first!, "SIGKILL");
  await until(async () =>
    !(await workerPids(registry)).includes(first!) && (await untilOpen(registry)).length === 2
  );
  assertEquals(await statuses(), [401]);
  // A signal to the whole group ends no worker.
  const pids = await workerPids(registry);
  await after(RELOADED, () => [...pids, registry.pid].forEach((pid) => Deno.kill(pid, "SIGHUP")));
  assertEquals(await workerPids(registry), pids);
  await change({ workers: 2, auth: { ...authOf(registry.url, ["root"]), keys: "missing" } }, REFUSED);
  assertEquals(await statusOf("/readyz"), 200);
});
