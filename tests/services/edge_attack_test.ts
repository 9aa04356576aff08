// A shared cache under attack, without purges: the times in the answers are the only bound.
import { assert, assertEquals } from "@std/assert";
import {
  bytesOf,
  digestOf,
  EMPTY,
  EMPTY_DESCRIPTOR,
  imageOf,
  pushBlob,
  pushManifest,
  type Send,
} from "../harness/content.ts";
import { freePort } from "../harness/ports.ts";
import { type RegistryProcess, startRegistry } from "../harness/registry_process.ts";
import { ADMINISTRATOR, authSetting, basic } from "../harness/secured.ts";
import { targetsIn } from "../protocol/targets.ts";
import { startVarnish } from "./mod.ts";

const PUBLIC_HOST = "localhost";
const MAIN_HOST = "127.0.0.1";
const OPEN = "public/app";
const CLOSED = "team/app";
const ROOT = { Authorization: basic(ADMINISTRATOR) };
const DIGEST_TTL_MS = 2000;
const TAG_TTL_MS = 1000;

/** Text that only the private repository has. */
const SECRET = bytesOf("only for members");

/** A registry behind Varnish. */
interface Edge extends AsyncDisposable {
  /** Sends a request through Varnish to a host. */
  send(host: string, path: string, init?: RequestInit): Promise<Seen>;
  /** Sends a request to the registry itself as an administrator. */
  root: Send;
  /** Restarts the registry with policies that make nothing public. */
  close(): Promise<void>;
}

/** An answer of the cache. */
interface Seen {
  status: number;
  isHit: boolean;
  text: string;
}

async function openEdge(): Promise<Edge> {
  await using stack = new AsyncDisposableStack();
  const port = freePort();
  const data = await Deno.makeTempDir({ prefix: "skerry-edge-" });
  stack.defer(() => Deno.remove(data, { recursive: true }));
  const face = {
    hosts: [PUBLIC_HOST],
    digestTtl: `${DIGEST_TTL_MS / 1000}s`,
    tagTtl: `${TAG_TTL_MS / 1000}s`,
  };
  const start = async (policies: unknown[]) =>
    await startRegistry({
      port,
      data,
      env: { ...await authSetting(port, { policies }), SKERRY_PUBLIC: JSON.stringify(face) },
    });
  let registry: RegistryProcess = await start([
    { repositories: ["public/**"], allow: [{ to: ["anonymous"], actions: ["pull"] }] },
  ]);
  stack.defer(() => registry[Symbol.asyncDispose]());
  const varnish = stack.use(await startVarnish(port, PUBLIC_HOST));
  const kept = stack.move();
  return {
    async send(host, path, init) {
      const response = await fetch(`http://${host}:${varnish.port}${path}`, { redirect: "manual", ...init });
      const isHit = response.headers.get("X-Cache") === "hit";
      return { status: response.status, isHit, text: await response.text() };
    },
    root: (path, init = {}) =>
      fetch(`${registry.url}${path}`, { ...init, headers: { ...init.headers as object, ...ROOT } }),
    async close() {
      await registry[Symbol.asyncDispose]();
      registry = await start([]);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function pushImage({ root }: Edge, repository: string, ...blobs: Uint8Array<ArrayBuffer>[]) {
  for (const blob of [EMPTY, ...blobs]) await pushBlob(root, repository, blob);
  await pushManifest(root, repository, imageOf(repository), "latest");
}

/** Headers by which a client could try to fill the cache for others, or to have an answer of it for longer. */
const TRICKS: Record<string, string>[] = [
  {},
  { "X-Forwarded-Host": PUBLIC_HOST },
  { "X-Forwarded-Host": MAIN_HOST },
  { "Cache-Control": "public, max-stale=600, s-maxage=600, only-if-cached" },
  { "If-None-Match": '"x"', Range: "bytes=0-0" },
];

Deno.test("Varnish stores nothing that an anonymous client may not pull, for any request of a member or an attacker", async () => {
  await using edge = await openEdge();
  await pushImage(edge, OPEN);
  await pushImage(edge, CLOSED, SECRET);
  const secret = { kind: "getBlob", method: "GET", path: `/v2/${CLOSED}/blobs/${digestOf(SECRET)}` };
  const targets = [secret, ...[OPEN, CLOSED].flatMap((repository) => targetsIn(repository))]
    .filter(({ method }) => method !== "DELETE");
  let hits = 0;
  for (const { kind, method, path } of targets) {
    for (const host of [MAIN_HOST, PUBLIC_HOST]) {
      for (const trick of TRICKS) await edge.send(host, path, { method, headers: { ...trick, ...ROOT } });
    }
    for (const host of [PUBLIC_HOST, MAIN_HOST]) {
      for (const trick of TRICKS) {
        const { status, isHit, text } = await edge.send(host, path, { method, headers: trick });
        const what = `${method} ${path} at ${host} with ${JSON.stringify(trick)}: ${status}`;
        assert(!text.includes("only for members"), what);
        if (path.includes(CLOSED)) assert(status >= 400, what);
        if (!isHit) continue;
        hits++;
        assert(host === PUBLIC_HOST && !path.includes(CLOSED), what);
        assert(["base", "getManifest", "getBlob"].includes(kind) && status < 400, what);
      }
    }
  }
  assert(hits > 0);
});

/** Has the cache store the answer to a path, and returns the time after which it may not be sent any more. */
async function fill(edge: Edge, path: string, ttl: number): Promise<number> {
  for (let tries = 0; tries < 500; tries++) {
    const { isHit } = await edge.send(PUBLIC_HOST, path);
    const until = performance.now() + ttl;
    // Stored before the answer ended. On a slow machine its time may be over already.
    if (!isHit && (await edge.send(PUBLIC_HOST, path)).isHit) return until;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`The cache does not store ${path}`);
}

/** Asks with every trick until the time is over, as an attacker who wants to keep the answer in the cache. */
async function pesterUntil(edge: Edge, path: string, until: number): Promise<void> {
  while (performance.now() <= until) {
    for (const headers of TRICKS) await edge.send(PUBLIC_HOST, path, { headers });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const { digest } = imageOf(OPEN);
const BY_TAG = `/v2/${OPEN}/manifests/latest`;
const BY_DIGEST = `/v2/${OPEN}/manifests/${digest}`;
const BLOB = `/v2/${OPEN}/blobs/${EMPTY_DESCRIPTOR.digest}`;

Deno.test("Varnish sends a moved tag for tagTtl at most, and a deleted manifest for digestTtl at most", async () => {
  await using edge = await openEdge();
  await pushImage(edge, OPEN);
  const moved = imageOf("moved");
  const byTag = await fill(edge, BY_TAG, TAG_TTL_MS);
  await pushManifest(edge.root, OPEN, moved, "latest");
  await pesterUntil(edge, BY_TAG, byTag);
  assertEquals((await edge.send(PUBLIC_HOST, BY_TAG)).text, new TextDecoder().decode(moved.bytes));

  const filled = [await fill(edge, BY_DIGEST, DIGEST_TTL_MS), await fill(edge, BLOB, DIGEST_TTL_MS)];
  for (const path of [BY_DIGEST, BLOB]) {
    const response = await edge.root(path, { method: "DELETE" });
    assertEquals(response.status, 202, await response.text());
  }
  for (const [i, path] of [BY_DIGEST, BLOB].entries()) {
    await pesterUntil(edge, path, filled[i]!);
    assertEquals((await edge.send(PUBLIC_HOST, path)).status, 404, path);
  }
});

Deno.test("Varnish sends nothing of a repository that was made private after tagTtl and digestTtl", async () => {
  await using edge = await openEdge();
  await pushImage(edge, OPEN);
  const times = [[BY_TAG, TAG_TTL_MS], [BY_DIGEST, DIGEST_TTL_MS], [BLOB, DIGEST_TTL_MS]] as const;
  const filled = [];
  for (const [path, ttl] of times) filled.push({ path, until: await fill(edge, path, ttl) });
  await edge.close();
  for (const { path, until } of filled) {
    await pesterUntil(edge, path, until);
    for (const headers of TRICKS.flatMap((trick) => [trick, { ...trick, ...ROOT }])) {
      assertEquals((await edge.send(PUBLIC_HOST, path, { headers })).status, 404, path);
    }
    // A member may still pull at the main host, and leaves nothing for others.
    assertEquals((await edge.send(MAIN_HOST, path, { headers: ROOT })).status, 200, path);
    assertEquals((await edge.send(MAIN_HOST, path)).status, 401, path);
    assertEquals((await edge.send(PUBLIC_HOST, path)).status, 404, path);
  }
});
