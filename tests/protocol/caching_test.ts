// What shared caches may keep, as an implementation of RFC 9111 reads the headers of the registry.
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { CacheDialect, CachingRules } from "../../routes/mod.ts";
import type { Registry } from "../../registry/mod.ts";
import { UnavailableError } from "../../storage/mod.ts";
import { EMPTY, EMPTY_DESCRIPTOR, imageOf, pushBlob, pushManifest, type Send } from "../harness/content.ts";
import { ROOT, type SecuredApp, URL_OF_APP } from "../harness/secured_app.ts";
import { isStorable, keptSeconds, SharedCache } from "../harness/shared_cache.ts";
import { targetsIn } from "./targets.ts";
import { ALICE, openTeamApp } from "./team_app.ts";

const PUBLIC_HOST = "pull.test";
const OPEN = "public/app";
const CLOSED = "team/app";
const DIALECTS: CacheDialect[] = ["standard", "cloudflare", "deno", "fastly"];

/** Times that no two rules share, in seconds. */
const DIGEST_TTL = 86_400;
const TAG_TTL = 7;
const BASE_TTL = 300;

function rulesOf(cdn: CacheDialect): CachingRules {
  return { cdn, digestTtl: DIGEST_TTL * 1000, tagTtl: TAG_TTL * 1000 };
}

function openApp(cdn: CacheDialect, more = {}, options = {}): Promise<SecuredApp> {
  const publicFace = { hosts: [PUBLIC_HOST], caching: rulesOf(cdn) };
  return openTeamApp(more, { publicFace, ...options });
}

/** A request, with the row of docs/caching.md that it belongs to. */
interface Case {
  row: string;
  path: string;
  headers?: Record<string, string>;
  status: number;
  /** Seconds in a shared cache. */
  kept: number;
}

const { digest } = imageOf(OPEN);
const BLOB = `/v2/${OPEN}/blobs/${EMPTY_DESCRIPTOR.digest}`;
const KNOWN = { "If-None-Match": `"${digest}"` };

const CASES: Case[] = [
  { row: "`/v2/`", path: "/v2/", status: 200, kept: BASE_TTL },
  { row: "manifest by digest", path: `/v2/${OPEN}/manifests/${digest}`, status: 200, kept: DIGEST_TTL },
  { row: "blob", path: BLOB, status: 200, kept: DIGEST_TTL },
  { row: "manifest by tag", path: `/v2/${OPEN}/manifests/latest`, status: 200, kept: TAG_TTL },
  { row: "part of a blob", path: BLOB, headers: { Range: "bytes=0-0" }, status: 206, kept: 0 },
  { row: "part of a blob", path: BLOB, headers: { Range: "bytes=0-0,1-1" }, status: 206, kept: 0 },
  { row: "list", path: `/v2/${OPEN}/tags/list`, status: 200, kept: 0 },
  { row: "list", path: `/v2/${OPEN}/_skerry/tags/history?tag=latest`, status: 200, kept: 0 },
  { row: "list", path: `/v2/${OPEN}/referrers/${digest}`, status: 200, kept: 0 },
  { row: "list", path: `/v2/${OPEN}/_oci/ext/discover`, status: 200, kept: 0 },
  { row: "list", path: "/v2/_catalog", status: 200, kept: 0 },
  { row: "404", path: `/v2/${OPEN}/manifests/absent`, status: 404, kept: 0 },
  { row: "404", path: `/v2/${CLOSED}/manifests/latest`, status: 404, kept: 0 },
  { row: "404", path: "/livez", status: 404, kept: 0 },
  {
    row: "other error",
    path: `/v2/${OPEN}/manifests/latest`,
    headers: { "If-Match": '"x"' },
    status: 412,
    kept: 0,
  },
  { row: "other error", path: BLOB, headers: { Range: "bytes=99-" }, status: 416, kept: 0 },
];

function requestFor(host: string, path: string, init: RequestInit = {}): Request {
  return new Request(`https://${host}${path}`, init);
}

/** Sends a request to this host, with `Authorization` if it is given. */
async function ask(
  app: SecuredApp,
  host: string,
  { path, headers = {} }: Case,
  authorization?: string,
  method = "GET",
) {
  const all = { ...headers, ...(authorization !== undefined && { Authorization: authorization }) };
  const response = await app.at(host)(path, { method, headers: all });
  await response.body?.cancel();
  return { request: requestFor(host, path, { method, headers: all }), response };
}

Deno.test("docs/caching.md has a row for every case, with its time", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/caching.md", import.meta.url));
  const times: Record<number, string> = {
    [BASE_TTL]: "five minutes, or `digestTtl` if that is less",
    [DIGEST_TTL]: "`digestTtl`",
    [TAG_TTL]: "`tagTtl`",
    0: "never",
  };
  const rows = page.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  for (const { row, kept } of CASES) {
    const found = rows.find(([, name]) => name === row);
    assertEquals(found?.[3], times[kept], row);
  }
});

Deno.test("a shared cache keeps the answers of a public host as long as docs/caching.md says, with and without Authorization", async () => {
  for (const cdn of DIALECTS) {
    using app = await openApp(cdn);
    for (const authorization of [undefined, ROOT, ALICE, await app.tokenFor(undefined, "a")]) {
      for (const each of CASES) {
        const { request, response } = await ask(app, PUBLIC_HOST, each, authorization);
        const what = `${cdn}: ${each.row}, ${each.path} with ${authorization}`;
        assertEquals(response.status, each.status, what);
        assertEquals(keptSeconds(request, response, { cdn }), each.kept, what);
        // A client, and every cache for which the headers of this CDN mean nothing, asks each time.
        assertEquals(keptSeconds(request, response, { shared: false }), 0, what);
        if (cdn !== "standard") assertEquals(keptSeconds(request, response), 0, what);
        if (each.kept > 0) continue;
        assertEquals(isStorable(request, response, { cdn }), false, what);
        // Some CDNs store more than RFC 9111 allows, so no field may give them a time.
        assertEquals(response.headers.get("Cache-Control"), "private, no-store, no-transform", what);
        assertEquals([...response.headers.keys()].filter((name) => /-control|tag$|-key/.test(name)), [
          "cache-control",
          ...(response.headers.has("ETag") ? ["etag"] : []),
        ], what);
      }
    }
  }
});

Deno.test("a shared cache keeps the answer to HEAD as long as that to GET", async () => {
  for (const cdn of DIALECTS) {
    using app = await openApp(cdn);
    for (const each of CASES) {
      const { request, response } = await ask(app, PUBLIC_HOST, each, undefined, "HEAD");
      // HEAD has no ranges (RFC 9110 §14.2): its answer is that of the whole.
      const kept = "Range" in (each.headers ?? {}) ? DIGEST_TTL : each.kept;
      assertEquals(keptSeconds(request, response, { cdn }), kept, `${cdn}: ${each.row}, ${each.path}`);
    }
  }
});

Deno.test("a 304 renews a stored answer for as long as the answer itself is kept", async () => {
  for (const cdn of DIALECTS) {
    using app = await openApp(cdn);
    for (const reference of [digest, "latest"]) {
      const path = `/v2/${OPEN}/manifests/${reference}`;
      const whole = await app.at(PUBLIC_HOST)(path);
      const unchanged = await app.at(PUBLIC_HOST)(path, { headers: KNOWN });
      assertEquals([whole.status, unchanged.status], [200, 304]);
      await whole.body?.cancel();
      const headers = (response: Response) =>
        [...response.headers].filter(([name]) => /control|tag|key/.test(name));
      assertEquals(headers(unchanged), headers(whole));
    }
  }
});

Deno.test("no cache stores any answer of the main host, except the public signing keys", async () => {
  for (const cdn of ["standard", "fastly"] as const) {
    using app = await openApp(cdn);
    const token = await app.tokenFor(ALICE, `repository:${CLOSED}:pull`);
    for (const authorization of [undefined, ROOT, ALICE, token, "Bearer forged"]) {
      for (const each of [...CASES, ...closedCases()]) {
        const { request, response } = await ask(app, new URL(URL_OF_APP).host, each, authorization);
        for (const shared of [true, false]) {
          assertEquals(isStorable(request, response, { cdn, shared }), false, `${cdn}: ${each.path}`);
        }
      }
    }
    const keys = "/.well-known/jwks.json";
    const response = await app.request(keys);
    await response.body?.cancel();
    assertEquals(keptSeconds(requestFor("registry.test", keys), response), 300);
  }
});

/** The same requests in a private repository. */
function closedCases(): Case[] {
  const closed = imageOf(CLOSED).digest;
  return CASES.map((each) => ({
    ...each,
    path: each.path.replace(OPEN, CLOSED).replace(digest, closed),
  }));
}

Deno.test("outages and the rate limit of a public host are not stored", async () => {
  for (const error of [new UnavailableError("read", "down"), new TypeError("bug")]) {
    let isDown = false;
    const wrap = (registry: Registry): Registry => ({
      ...registry,
      getManifest: (...args) => isDown ? Promise.reject(error) : registry.getManifest(...args),
    });
    using app = await openApp("standard", {}, { wrap });
    isDown = true;
    const { request, response } = await ask(app, PUBLIC_HOST, CASES[1]!);
    assert(response.status >= 500);
    assertEquals(isStorable(request, response), false);
  }
  using app = await openApp("standard", { limits: { requestsPerMinute: 60 } });
  for (let status = 200; status !== 429;) {
    const { request, response } = await ask(app, PUBLIC_HOST, CASES[1]!);
    status = response.status;
    if (status === 429) assertEquals(isStorable(request, response), false);
  }
});

Deno.test("a public host lets nothing be stored without rules for it", async () => {
  using app = await openTeamApp({}, { publicFace: { hosts: [PUBLIC_HOST] } });
  for (const each of CASES) {
    const { request, response } = await ask(app, PUBLIC_HOST, each);
    assertEquals([response.status, isStorable(request, response)], [each.status, false], each.path);
  }
});

Deno.test("cache tags are short hashes of the repository and the digest, in the format of each CDN", async () => {
  const fields = {
    standard: ["Cache-Tag", ","],
    cloudflare: ["Cache-Tag", ","],
    deno: ["Deno-Cache-Tag", ","],
    fastly: ["Surrogate-Key", " "],
  };
  const long = `public/${"a".repeat(240)}`;
  for (const cdn of DIALECTS) {
    using app = await openApp(cdn);
    await pushBlob(app.as(ROOT), long, EMPTY);
    const tagsOf = async (path: string) => {
      const response = await app.at(PUBLIC_HOST)(path);
      await response.body?.cancel();
      const [field, separator] = fields[cdn];
      return response.headers.get(field!)?.split(separator!);
    };
    const byTag = await tagsOf(`/v2/${OPEN}/manifests/latest`);
    assertEquals(byTag, await tagsOf(`/v2/${OPEN}/manifests/${digest}`));
    assertEquals(byTag?.[1], `d-${digest.slice(7, 23)}`);
    assertMatch(byTag?.[0] ?? "", /^r-[0-9a-f]{16}$/);
    const blob = await tagsOf(BLOB);
    assertEquals(blob, [byTag![0]!, `d-${EMPTY_DESCRIPTOR.digest.slice(7, 23)}`, "skerry"]);
    const [other] = (await tagsOf(`/v2/${long}/blobs/${EMPTY_DESCRIPTOR.digest}`))!;
    assert(other?.length === 18 && other !== byTag![0]);
    assertEquals(await tagsOf("/v2/"), ["skerry"]);
    assertEquals(await tagsOf(`/v2/${OPEN}/tags/list`), undefined);
    const response = await app.at(PUBLIC_HOST)(BLOB);
    await response.body?.cancel();
    assertEquals(response.headers.has("Deno-Cache-Id"), false, "it would outlive a change of the policies");
  }
});

/** Headers by which a client could try to have its answer stored for others. */
const TRICKS: Record<string, string>[] = [
  {},
  { "X-Forwarded-Host": PUBLIC_HOST },
  { "X-Forwarded-Host": "registry.test" },
  { Forwarded: `host=${PUBLIC_HOST}`, "X-Host": PUBLIC_HOST, "X-Original-Host": PUBLIC_HOST },
  { "Cache-Control": "public, s-maxage=600", "X-HTTP-Method-Override": "GET" },
];

Deno.test("no client can have a private answer, an error or the answer to a write stored by any request to any host", async () => {
  using app = await openApp("standard");
  let stored = 0;
  const statuses = new Set<number>();
  for (const host of [PUBLIC_HOST, "registry.test", "unknown.test"]) {
    for (const headers of TRICKS.flatMap((trick) => [trick, { ...trick, Authorization: ROOT }])) {
      for (const { method, path, kind } of [OPEN, CLOSED].flatMap((repository) => targetsIn(repository))) {
        if (kind === "getJwks" || method === "DELETE") continue;
        const response = await app.at(host)(path, { method, headers });
        await response.body?.cancel();
        statuses.add(response.status);
        if (!isStorable(requestFor(host, path, { method, headers }), response)) continue;
        const what = `${method} ${path} at ${host} with ${JSON.stringify(headers)}`;
        assertEquals([host, response.status, path.includes(CLOSED)], [PUBLIC_HOST, 200, false], what);
        assert(["base", "getManifest", "getBlob"].includes(kind), what);
        stored++;
      }
    }
  }
  assert(stored > 0);
  for (const status of [200, 202, 400, 401, 404]) assert(statuses.has(status), `no answer was ${status}`);
});

/** The policy that makes `public/**` private, for a new process of the same registry. */
const NOTHING_PUBLIC = { policies: [] };

Deno.test("a shared cache never sends private content, and sends formerly public content for its time at most", async () => {
  for (const cdn of DIALECTS) {
    using app = await openApp(cdn);
    using closed = await openClosed(cdn, app);
    let current: SecuredApp = app;
    const cache = new SharedCache(
      (request) => {
        const { host, pathname, search } = new URL(request.url);
        const send: Send = current.at(host);
        return send(`${pathname}${search}`, { headers: request.headers });
      },
      cdn,
    );
    const statuses = async (host: string, repository: string, authorization?: string) => {
      const image = imageOf(repository);
      const paths = [
        `manifests/latest`,
        `manifests/${image.digest}`,
        `blobs/${EMPTY_DESCRIPTOR.digest}`,
        "tags/list",
      ];
      const headers: Record<string, string> = authorization === undefined
        ? {}
        : { Authorization: authorization };
      const found = [];
      for (const path of paths) {
        const { status, isHit } = await cache.ask(`https://${host}/v2/${repository}/${path}`, headers);
        found.push(`${isHit ? "hit" : "miss"} ${status}`);
      }
      return found;
    };
    const all = (text: string) => [text, text, text, text];

    // 1. Members fill the cache on both hosts. Nothing of theirs is ever sent to another client.
    for (const host of [PUBLIC_HOST, "registry.test"]) await statuses(host, CLOSED, ROOT);
    assertEquals(await statuses("registry.test", CLOSED), all("miss 401"));
    assertEquals(await statuses(PUBLIC_HOST, CLOSED), all("miss 404"));
    await statuses("registry.test", OPEN, ROOT);
    assertEquals(await statuses(PUBLIC_HOST, OPEN), all("miss 200"));

    // 2. Public content is sent from the cache, with and without an account.
    const warm = ["hit 200", "hit 200", "hit 200", "miss 200"];
    assertEquals(await statuses(PUBLIC_HOST, OPEN), warm);
    assertEquals(await statuses(PUBLIC_HOST, OPEN, ALICE), warm);

    // 3. The repository turns private: the tag ends after `tagTtl`, content by digest after `digestTtl`.
    current = closed;
    assertEquals(await statuses(PUBLIC_HOST, OPEN), ["hit 200", "hit 200", "hit 200", "miss 404"]);
    cache.wait(TAG_TTL);
    assertEquals(await statuses(PUBLIC_HOST, OPEN), ["miss 404", "hit 200", "hit 200", "miss 404"]);
    cache.wait(DIGEST_TTL - TAG_TTL);
    assertEquals(await statuses(PUBLIC_HOST, OPEN), all("miss 404"));

    // 4. It turns public again: no 404 was stored.
    current = app;
    assertEquals(await statuses(PUBLIC_HOST, OPEN), all("miss 200"));

    // 5. A move of the tag is seen after `tagTtl`.
    const tag = `https://${PUBLIC_HOST}/v2/${OPEN}/manifests/latest`;
    const before = (await cache.ask(tag)).body;
    const moved = imageOf("moved");
    await pushManifest(app.as(ROOT), OPEN, moved, "latest");
    assertEquals((await cache.ask(tag)).body, before);
    cache.wait(TAG_TTL);
    assertEquals((await cache.ask(tag)).body, new TextDecoder().decode(moved.bytes));

    // 6. A deleted manifest ends after `digestTtl`.
    await app.as(ROOT)(`/v2/${OPEN}/manifests/${digest}`, { method: "DELETE" })
      .then((response) => response.body?.cancel());
    const byDigest = `https://${PUBLIC_HOST}/v2/${OPEN}/manifests/${digest}`;
    assertEquals((await cache.ask(byDigest)).isHit, true);
    cache.wait(DIGEST_TTL);
    assertEquals(await cache.ask(byDigest).then(({ status, isHit }) => [status, isHit]), [404, false]);
  }
});

/** Another process over the same content, in which nothing is public any more. */
async function openClosed(cdn: CacheDialect, { stores }: SecuredApp): Promise<SecuredApp> {
  return await openApp(cdn, NOTHING_PUBLIC, { stores });
}
