// Requests for the public host of a registry with private and public repositories.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { COMMON_STATUSES } from "../../routes/testing/parts.ts";
import type { Registry } from "../../registry/mod.ts";
import type { RouteKind } from "../../routes/mod.ts";
import { buildApp } from "../harness/app.ts";
import {
  EMPTY,
  EMPTY_DESCRIPTOR,
  imageOf,
  pushBlob,
  pushManifest,
  type Send,
  startUpload,
} from "../harness/content.ts";
import { ROOT, type SecuredApp } from "../harness/secured_app.ts";
import { targetsIn } from "./targets.ts";
import { ALICE, openTeamApp } from "./team_app.ts";

const PUBLIC_HOST = "pull.test";
const PUBLIC_FACE = { publicFace: { hosts: [PUBLIC_HOST] } };
const OPEN = "public/app";
const CLOSED = "team/app";
const ABSENT = `sha256:${"0".repeat(64)}`;

/** Kinds of requests that the public face answers. */
const READS: readonly RouteKind[] = [
  "base",
  "getBlob",
  "getManifest",
  "listTags",
  "getTagHistory",
  "listReferrers",
  "listRepositories",
  "discover",
];

/** Status, headers and body of a response, without the id of the request. */
async function wholeOf(response: Response) {
  const headers = Object.fromEntries(response.headers);
  assert(headers["x-request-id"] !== undefined);
  delete headers["x-request-id"];
  return { status: response.status, headers, body: await response.text() };
}

/** The answer to everything that is not public. */
async function notFoundOf(send: Send, method = "GET") {
  const answer = await wholeOf(await send("/nothing/here", { method }));
  assertEquals(answer.status, 404);
  return answer;
}

/** Every way to show an account, or to fail to. */
async function authorizations(app: SecuredApp): Promise<(string | undefined)[]> {
  const scope = `repository:${CLOSED}:pull,push,delete`;
  return [undefined, ROOT, ALICE, await app.tokenFor(ALICE, scope), "Bearer forged", "Basic !", "Digest x"];
}

/** `send` with this `Authorization`. */
function as(send: Send, authorization: string | undefined): Send {
  if (authorization === undefined) return send;
  return (path, init) => {
    const headers = new Headers(init?.headers);
    headers.set("Authorization", authorization);
    return send(path, { ...init, headers });
  };
}

Deno.test("the public face answers every read of a public repository like an anonymous client's, and nothing else, with any Authorization", async () => {
  using app = await openTeamApp({}, PUBLIC_FACE);
  const upload = (await startUpload(app.as(ROOT), OPEN)).split("/").at(-1)!;
  const before = app.told.audit.length;
  let count = 0;
  for (const authorization of await authorizations(app)) {
    const send = as(app.at(PUBLIC_HOST), authorization);
    const nothing = { GET: await notFoundOf(send), HEAD: await notFoundOf(send, "HEAD") };
    for (const repository of [OPEN, CLOSED, "team/absent", "nowhere", "Not-A-Name"]) {
      for (const { kind, method, path } of targetsIn(repository, upload)) {
        const answer = await wholeOf(await send(path, { method }));
        const isOpen = READS.includes(kind) && (repository === OPEN || !path.includes(repository));
        const what = `${method} ${path} with ${authorization}`;
        if (isOpen) assertEquals(answer.status, 200, what);
        else assertEquals(answer, nothing[method === "HEAD" ? "HEAD" : "GET"], what);
        assert(answer.headers["www-authenticate"] === undefined, what);
        count++;
      }
    }
  }
  assert(count > 1000, `only ${count} requests`);
  assertEquals(app.told.audit.length, before, "a write went through");
});

Deno.test("the public face has one 404 for absent and malformed content, other methods and unknown paths", async () => {
  using app = await openTeamApp({}, PUBLIC_FACE);
  const send = app.at(PUBLIC_HOST);
  const nothing = await notFoundOf(send);
  assertEquals(JSON.parse(nothing.body), { errors: [{ code: "NAME_UNKNOWN", message: "Not found" }] });
  const targets = [
    `GET /v2/${OPEN}/manifests/absent`,
    `GET /v2/${OPEN}/manifests/${ABSENT}`,
    `GET /v2/${OPEN}/manifests/.INVALID`,
    `GET /v2/${OPEN}/blobs/${ABSENT}`,
    `GET /v2/${OPEN}/blobs/sha256:short`,
    `GET /v2/${OPEN}/tags/list?n=many`,
    `GET /v2/${OPEN}/tags/list?${"x".repeat(20_000)}`,
    `GET /v2/${OPEN}/_skerry/tags/history`,
    `GET /v2/_catalog?n=-1`,
    `GET /v2/%70ublic/app/tags/list`,
    `GET /`,
    ...["/search", `/r/${OPEN}`, "/login", "/logout", "/account", "/admin", "/assets/x.css"].map((path) =>
      `GET ${path}`
    ),
    "POST /login",
    "POST /logout",
    `GET /livez`,
    `GET /readyz`,
    `GET /token?service=registry.test`,
    `GET /.well-known/jwks.json`,
    `GET /v2/_skerry/tokens`,
    `POST /token`,
    `POST /v2/`,
    `OPTIONS /v2/`,
    `OPTIONS /v2/${OPEN}/manifests/latest`,
    `PUT /v2/${OPEN}/manifests/latest`,
    `DELETE /v2/${OPEN}/manifests/latest`,
    `POST /v2/${OPEN}/blobs/uploads/`,
    `PATCH /v2/${OPEN}/blobs/uploads/1`,
    `DELETE /v2/${OPEN}/_skerry/repository`,
  ];
  for (const target of targets) {
    const [method, path] = target.split(" ") as [string, string];
    const body = ["POST", "PUT", "PATCH"].includes(method) ? { body: "x".repeat(1000) } : {};
    assertEquals(await wholeOf(await send(path, { method, ...body })), nothing, target);
  }
  assert(!COMMON_STATUSES.includes(404));
});

Deno.test("the public face reads nothing for a repository that is not public, whether it exists or not", async () => {
  const calls: string[] = [];
  const wrap = (registry: Registry) =>
    Object.fromEntries(
      Object.entries(registry).map(([name, method]) => [name, (...args: unknown[]) => {
        calls.push(name);
        return (method as (...args: unknown[]) => unknown)(...args);
      }]),
    ) as unknown as Registry;
  using app = await openTeamApp({}, { ...PUBLIC_FACE, wrap });
  calls.length = 0;
  const send = as(app.at(PUBLIC_HOST), ROOT);
  for (const repository of [CLOSED, "team/absent"]) {
    for (const { method, path } of targetsIn(repository).filter(({ path }) => path.includes(repository))) {
      await (await send(path, { method })).body?.cancel();
    }
  }
  assertEquals(calls, []);
  await (await send(`/v2/${OPEN}/manifests/latest`)).body?.cancel();
  assertEquals(calls, ["getManifest"]);
});

Deno.test("the public face serves a pull: tag, manifest, blob, range, conditions and referrers", async () => {
  using app = await openTeamApp({}, PUBLIC_FACE);
  const image = imageOf(OPEN);
  const send = as(app.at(PUBLIC_HOST), ALICE);
  const statusOf = async (path: string, headers: Record<string, string> = {}) => {
    const response = await send(`/v2/${OPEN}${path}`, { headers });
    await response.body?.cancel();
    return response.status;
  };
  const base = await send("/v2/");
  assertEquals([base.status, await base.text()], [200, "{}"]);
  assertEquals(base.headers.get("Docker-Distribution-API-Version"), "registry/2.0");
  const manifest = await send(`/v2/${OPEN}/manifests/latest`);
  assertEquals(manifest.headers.get("Docker-Content-Digest"), image.digest);
  assertEquals(await manifest.bytes(), image.bytes);
  assertEquals(await statusOf(`/manifests/${image.digest}`), 200);
  assertEquals(await statusOf(`/manifests/latest`, { "If-None-Match": `"${image.digest}"` }), 304);
  assertEquals(await statusOf(`/manifests/latest`, { "If-Match": `"${ABSENT}"` }), 412);
  const blob = await send(`/v2/${OPEN}/blobs/${EMPTY_DESCRIPTOR.digest}`, {
    headers: { Range: "bytes=0-0" },
  });
  assertEquals([blob.status, await blob.bytes()], [206, EMPTY.slice(0, 1)]);
  assertEquals(await statusOf(`/blobs/${EMPTY_DESCRIPTOR.digest}`, { Range: "bytes=99-" }), 416);
  const referrers = await send(`/v2/${OPEN}/referrers/${image.digest}`);
  assertEquals((await referrers.json()).manifests, []);
  const history = await send(`/v2/${OPEN}/_skerry/tags/history?tag=latest`);
  assertMatch(await history.text(), /^(?!.*"by").*"moves":\[\{/);
});

Deno.test("the public face lists only the repositories that anonymous clients may pull", async () => {
  using app = await openTeamApp({}, PUBLIC_FACE);
  for (const authorization of await authorizations(app)) {
    const response = await as(app.at(PUBLIC_HOST), authorization)("/v2/_catalog?n=10");
    assertEquals([await response.json(), response.headers.get("Link")], [{ repositories: [OPEN] }, null]);
  }
});

Deno.test("the main host keeps its challenge, its rights and its headers beside a public one", async () => {
  using app = await openTeamApp({}, PUBLIC_FACE);
  const base = await app.request("/v2/");
  assertEquals(base.status, 401);
  await base.body?.cancel();
  for (
    const [authorization, path, status] of [
      [ALICE, `/v2/${CLOSED}/manifests/latest`, 200],
      [ALICE, "/v2/", 200],
      ["Bearer forged", `/v2/${OPEN}/manifests/latest`, 401],
    ] as const
  ) {
    // A false name for the host gains nothing and loses nothing.
    for (const headers of [{}, { "X-Forwarded-Host": PUBLIC_HOST }, { Forwarded: `host=${PUBLIC_HOST}` }]) {
      const response = await as(app.request, authorization)(path, { headers });
      assertEquals(response.status, status, path);
      assertEquals(response.headers.get("Cache-Control"), "private, no-store, no-transform");
      await response.body?.cancel();
    }
  }
});

Deno.test("the public face counts its requests for the rate limit, before it tells anything", async () => {
  using app = await openTeamApp({ limits: { requestsPerMinute: 60 } }, PUBLIC_FACE);
  const send = app.at(PUBLIC_HOST);
  let limited: Response | undefined;
  for (let i = 0; i < 100 && limited === undefined; i++) {
    const response = await send("/v2/");
    if (response.status === 429) limited = response;
    else await response.body?.cancel();
  }
  await limited?.body?.cancel();
  for (const path of [`/v2/${CLOSED}/manifests/latest`, `/v2/${OPEN}/manifests/latest`, "/v2/_catalog"]) {
    const response = await send(path);
    assertEquals(response.status, 429, path);
    assert(response.headers.has("Retry-After"));
    await response.body?.cancel();
  }
});

Deno.test("the public face belongs to the host that a trusted proxy reports", async () => {
  const trusting = { proxy: { trusted: ["192.0.2.1/32"], forwardedHost: "on" } };
  using app = await openTeamApp(trusting, PUBLIC_FACE);
  const statusOf = async (send: Send, host: string | undefined) => {
    const response = await send("/v2/", host === undefined ? {} : { headers: { "X-Forwarded-Host": host } });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await statusOf(app.request, undefined), 401);
  assertEquals(await statusOf(app.request, PUBLIC_HOST), 200);
  assertEquals(await statusOf(app.request, `${PUBLIC_HOST}, registry.test`), 401);
  assertEquals(await statusOf(app.at(PUBLIC_HOST), "registry.test"), 401);
  assertEquals(await statusOf(app.from("198.51.100.7"), PUBLIC_HOST), 401, "no trusted proxy");
});

Deno.test("the public face of a registry without access control is read-only", async () => {
  const { app, request } = buildApp({ publicFace: { hosts: [PUBLIC_HOST] } });
  await pushBlob(request, OPEN, EMPTY);
  await pushManifest(request, OPEN, imageOf(OPEN), "latest");
  const statusOf = async (method: string, path: string) => {
    const response = await app.request(`http://${PUBLIC_HOST}${path}`, { method });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await statusOf("GET", `/v2/${OPEN}/manifests/latest`), 200);
  assertEquals(await statusOf("DELETE", `/v2/${OPEN}/manifests/latest`), 404);
  assertEquals(await statusOf("POST", `/v2/${OPEN}/blobs/uploads/`), 404);
  assertEquals(await statusOf("GET", `/v2/${OPEN}/manifests/latest`), 200);
});
