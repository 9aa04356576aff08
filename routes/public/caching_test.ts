import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Answer } from "../http/mod.ts";
import { parse } from "../testing/routes.ts";
import type { Route } from "../route.ts";
import { type CachingRules, createCaching } from "./caching.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const BLOB = `/v2/team/app/blobs/${DIGEST}`;
const RULES: CachingRules = { cdn: "standard", digestTtl: 86_400_000, tagTtl: 5000 };

/** The answer with this status to a GET of this path, before and after. */
function cachedAnswer(path: string, status: number, rules: Partial<CachingRules> = {}) {
  const route = (path === "/v2/" ? { kind: "base" } : parse("GET", path)) as unknown as Route;
  const before: Answer = { status, headers: { "Docker-Content-Digest": DIGEST } };
  return { before, after: createCaching({ ...RULES, ...rules })(route, before) };
}

/** Seconds in `s-maxage`; `undefined` without it. */
function secondsOf(path: string, rules: Partial<CachingRules> = {}): number | undefined {
  const field = cachedAnswer(path, 200, rules).after.headers["Cache-Control"];
  return field === undefined ? undefined : Number(/s-maxage=(\d+)/.exec(field)![1]);
}

Deno.test("createCaching() leaves every answer as it is that is not the whole content", () => {
  for (const status of [206, 307, 404, 412, 416, 429, 500, 503]) {
    const { before, after } = cachedAnswer(BLOB, status);
    assertStrictEquals(after, before, `${status}`);
  }
});

Deno.test("createCaching() gives a time in whole seconds, and none below one", () => {
  const tag = "/v2/team/app/manifests/v1";
  assertEquals(secondsOf(tag), 5);
  assertEquals(secondsOf(tag, { tagTtl: 1999 }), 1);
  assertEquals(secondsOf(tag, { tagTtl: 999 }), undefined);
  assertEquals(secondsOf(tag, { tagTtl: 0 }), undefined);
  assertEquals(secondsOf(BLOB), 86_400);
  assertEquals(secondsOf(BLOB, { digestTtl: 0 }), undefined);
  assertEquals(secondsOf(`/v2/team/app/manifests/${DIGEST}`, { tagTtl: 0 }), 86_400);
});

Deno.test("createCaching() keeps /v2/ for five minutes, and no longer than content by digest", () => {
  assertEquals(secondsOf("/v2/"), 300);
  assertEquals(secondsOf("/v2/", { digestTtl: 60_000 }), 60);
  assertEquals(secondsOf("/v2/", { digestTtl: 0 }), undefined);
});

Deno.test("createCaching() sends an answer once that the registry would repeat, because its headers depend on the route", () => {
  const route = parse("GET", BLOB) as unknown as Route;
  const before: Answer = { status: 200, headers: {}, body: new Uint8Array(1), isRepeated: true };
  const after = createCaching(RULES)(route, before);
  assertEquals([after.isRepeated, after.body === before.body], [undefined, true]);
});
