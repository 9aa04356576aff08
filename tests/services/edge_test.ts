// Pulls from the public host through Varnish, with the trips home counted.
import { assert, assertEquals } from "@std/assert";
import { multiArchIndex, walk } from "../images/mod.ts";
import { seed } from "../clients/served.ts";
import { EMPTY, EMPTY_DESCRIPTOR, imageOf, pushBlob, pushManifest, type Send } from "../harness/content.ts";
import type { RegistryProcess } from "../harness/registry_process.ts";
import { freePort } from "../harness/ports.ts";
import { ADMINISTRATOR, basic, startSecured } from "../harness/secured.ts";
import { tool } from "../tools/tool.ts";
import { startVarnish, type Varnish } from "./mod.ts";

const HOST = "localhost";
const OPEN = "public/app";
const CLOSED = "team/app";
const ROOT = basic(ADMINISTRATOR);

/** A registry with public and private images behind Varnish. */
interface Edge extends AsyncDisposable {
  registry: RegistryProcess;
  varnish: Varnish;
  /** Asks at the public host through Varnish: the status and `hit` or `miss`, each of which is a trip home. */
  ask: (path: string, init?: RequestInit) => Promise<string>;
  /** The same at the main host. */
  askMain: (path: string, init?: RequestInit) => Promise<string>;
}

const IMAGE = await multiArchIndex("edge");

async function openEdge(more: Record<string, unknown> = {}): Promise<Edge> {
  await using stack = new AsyncDisposableStack();
  const policies = [{
    repositories: ["public/**"],
    allow: [{ to: ["anonymous"], actions: ["pull", "push"] }],
  }];
  const varnishPort = freePort();
  const purge = { varnish: [`http://127.0.0.1:${varnishPort}`] };
  const env = { SKERRY_PUBLIC: JSON.stringify({ hosts: [HOST], purge, ...more }) };
  const registry = stack.use(await startSecured({ policies }, env));
  await seed({ host: registry.host, repository: OPEN }, IMAGE, "v1");
  const root: Send = (path, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("Authorization", ROOT);
    return fetch(`${registry.url}${path}`, { ...init, headers });
  };
  await pushBlob(root, CLOSED, EMPTY);
  await pushManifest(root, CLOSED, imageOf(CLOSED), "v1");
  const varnish = stack.use(await startVarnish(registry.port, HOST, varnishPort));
  const asking = (host: string) => async (path: string, init?: RequestInit) => {
    const response = await fetch(`http://${host}:${varnish.port}${path}`, init);
    await response.body?.cancel();
    return `${response.status} ${response.headers.get("X-Cache")}`;
  };
  const kept = stack.move();
  return {
    registry,
    varnish,
    ask: asking(HOST),
    askMain: asking("127.0.0.1"),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Everything that a client fetches by digest. */
const CONTENT = [
  ...new Set(
    [...walk(IMAGE)].map(({ digest, mediaType }) =>
      `/v2/${OPEN}/${/manifest|index/.test(mediaType) ? "manifests" : "blobs"}/${digest}`
    ),
  ),
];

/** Pulls like docker, and counts the requests that went home. */
async function pull({ ask }: Edge, reference: string, headers: HeadersInit = {}): Promise<number> {
  const requests = [
    ["GET", "/v2/"],
    ["HEAD", `/v2/${OPEN}/manifests/${reference}`],
    ...CONTENT.map((path) => ["GET", path] as const),
  ] as const;
  let trips = 0;
  for (const [method, path] of requests) {
    const answer = await ask(path, { method, headers });
    assert(answer.startsWith("200 "), `${method} ${path}: ${answer}`);
    if (answer === "200 miss") trips++;
  }
  return trips;
}

Deno.test("a second pull through a shared cache goes home for the tag only, and for nothing by digest or with tagTtl", async () => {
  await using home = await openEdge();
  await using near = await openEdge({ tagTtl: "1m" });
  const { digest } = IMAGE.root;
  const all = CONTENT.length + 2;
  const account = { Authorization: ROOT };
  assertEquals([await pull(home, "v1"), await pull(home, "v1"), await pull(home, "v1", account)], [
    all,
    1,
    1,
  ]);
  assertEquals([await pull(home, digest), await pull(home, digest, account)], [0, 0]);
  assertEquals([await pull(near, "v1"), await pull(near, "v1"), await pull(near, "v1", account)], [
    all,
    0,
    0,
  ]);
});

Deno.test("a shared cache reads the field for its CDN first, and lets no other cache store the answer", async () => {
  for (const cdn of ["cloudflare", "deno", "fastly"]) {
    await using edge = await openEdge({ cdn, purge: undefined });
    assertEquals([await pull(edge, "v1"), await pull(edge, "v1")], [CONTENT.length + 2, 1], cdn);
    const response = await fetch(`http://${HOST}:${edge.varnish.port}${CONTENT[0]}`);
    await response.body?.cancel();
    assertEquals(response.headers.get("X-Cache"), "hit", cdn);
    assert(!/public|s-maxage/.test(response.headers.get("Cache-Control")!), cdn);
    const names = [...response.headers.keys()];
    assertEquals(names.filter((name) => /cdn-|surrogate-control/.test(name)), [], cdn);
    await edge.varnish.ban("skerry");
    assertEquals(await pull(edge, IMAGE.root.digest), CONTENT.length + 1, cdn);
  }
});

Deno.test("a shared cache serves ranges and conditions from the stored blob", async () => {
  await using edge = await openEdge();
  const blob = CONTENT.find((path) => path.includes("/blobs/"))!;
  // Varnish asks for the whole blob to answer a part of it.
  assertEquals(await edge.ask(blob, { headers: { Range: "bytes=0-0" } }), "206 miss");
  assertEquals(await edge.ask(blob), "200 hit");
  assertEquals(await edge.ask(blob, { headers: { Range: "bytes=1-" } }), "206 hit");
  const digest = blob.split("/").at(-1);
  assertEquals(await edge.ask(blob, { headers: { "If-None-Match": `"${digest}"` } }), "304 hit");
});

Deno.test("a shared cache stores nothing of the main host, of private repositories, and of errors", async () => {
  await using edge = await openEdge({ tagTtl: "1m" });
  const { ask, askMain } = edge;
  const paths = [
    `/v2/${CLOSED}/manifests/v1`,
    `/v2/${CLOSED}/manifests/${imageOf(CLOSED).digest}`,
    `/v2/${CLOSED}/blobs/${EMPTY_DESCRIPTOR.digest}`,
  ];
  const account = { headers: { Authorization: ROOT } };
  for (let round = 0; round < 2; round++) {
    for (const path of paths) {
      assertEquals(await askMain(path, account), "200 miss");
      assertEquals(await askMain(path), "401 miss");
      assertEquals(await ask(path, account), "404 miss");
      assertEquals(await ask(path, { headers: { "X-Forwarded-Host": "127.0.0.1" } }), "404 miss");
    }
    assertEquals(await askMain("/v2/"), "401 miss");
    assertEquals(await ask(`/v2/${OPEN}/manifests/absent`), "404 miss");
    assertEquals(await ask("/v2/_catalog"), "200 miss");
  }
  // Nothing that a client stores at the public host reaches the main one, and the reverse.
  const open = `/v2/${OPEN}/manifests/v1`;
  assertEquals([await ask(open), await ask(open)], ["200 miss", "200 hit"]);
  assertEquals([await askMain(open), await askMain(open, account)], ["200 miss", "200 miss"]);
});

Deno.test("a ban by cache tag removes the content with this tag, and no other", async () => {
  await using edge = await openEdge();
  const response = await fetch(`http://${HOST}:${edge.varnish.port}${CONTENT[0]}`);
  await response.body?.cancel();
  const [repository, digest] = response.headers.get("Cache-Tag")!.split(",") as [string, string];
  await pull(edge, "v1");
  await edge.varnish.ban(digest);
  assertEquals(await pull(edge, IMAGE.root.digest), 1);
  await edge.varnish.ban(repository);
  assertEquals(await pull(edge, IMAGE.root.digest), CONTENT.length);
});

Deno.test("a shared cache asks again after a move of a tag and a delete, long before their times are over", async () => {
  await using edge = await openEdge({ tagTtl: "1m" });
  const { ask, registry } = edge;
  const change = async (method: string, path: string, init: RequestInit = {}) => {
    const headers = { ...init.headers, Authorization: ROOT };
    const response = await fetch(`${registry.url}/v2/${OPEN}/manifests/${path}`, {
      ...init,
      method,
      headers,
    });
    await response.body?.cancel();
    return response.status;
  };
  /** Asks until the cache has no answer stored any more. */
  const askedAgain = async (path: string) => {
    for (let tries = 0; tries < 600; tries++) {
      const answer = await ask(path);
      if (!answer.endsWith(" hit")) return answer;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return "hit";
  };
  await pull(edge, "v1");
  const tag = `/v2/${OPEN}/manifests/v1`;
  assertEquals(await ask(tag), "200 hit");
  const child = [...walk(IMAGE)].find(({ mediaType }) => mediaType.includes("manifest"))!;
  const bytes =
    await (await fetch(`http://${HOST}:${edge.varnish.port}/v2/${OPEN}/manifests/${child.digest}`))
      .bytes();
  assertEquals(await change("PUT", "v1", { body: bytes, headers: { "Content-Type": child.mediaType } }), 201);
  assertEquals(await askedAgain(tag), "200 miss");
  const manifest = `/v2/${OPEN}/manifests/${IMAGE.root.digest}`;
  await askedAgain(manifest);
  assertEquals(await ask(manifest), "200 hit");
  assertEquals(await change("DELETE", IMAGE.root.digest), 202);
  assertEquals(await askedAgain(manifest), "404 miss");
  await registry.kill("SIGINT");
  const purged = registry.log().split("\n").filter((line) => line.includes("Purged the shared cache"));
  assertEquals(purged.length, 2, registry.log());
});

Deno.test("skopeo pulls from the public host through a shared cache without a login, and fetches content from home once", async () => {
  await using edge = await openEdge();
  const skopeo = await tool("skopeo");
  const folder = await Deno.makeTempDir({ prefix: "skerry-edge-" });
  try {
    for (const copy of ["first", "second"]) {
      const { success, stderr } = await new Deno.Command(skopeo, {
        args: [
          ...["copy", "--all", "--src-tls-verify=false"],
          ...[`docker://${HOST}:${edge.varnish.port}/${OPEN}:v1`, `dir:${folder}/${copy}`],
        ],
      }).output();
      assert(success, new TextDecoder().decode(stderr));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  // The root is fetched by its tag.
  const byDigest = CONTENT.filter((path) => !path.endsWith(IMAGE.root.digest));
  const pulls = () =>
    edge.registry.log().split("\n").filter((line) => line.includes('"http.request.method":"GET"'))
      .map((line) => JSON.parse(line)).map((entry): { path: string; status: number } => {
        return { path: entry["url.path"], status: entry["http.response.status_code"] };
      });
  // The log is written a moment after the answers.
  for (
    let tries = 0;
    tries < 1500 && !byDigest.every((path) => pulls().some((pull) => pull.path === path));
  ) {
    tries++;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  for (const path of byDigest) assertEquals(pulls().filter((pull) => pull.path === path).length, 1, path);
  assertEquals(pulls().filter(({ path }) => path.startsWith("/token")), [], "it fetched a token");
  assertEquals(pulls().filter(({ status }) => status === 401), []);
});
