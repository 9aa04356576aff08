import { assertEquals, assertMatch } from "@std/assert";
import type { FuzzRequest } from "./fuzz_request.ts";
import { isLax, judge } from "./judge.ts";
import type { RawResponse } from "./raw_connection.ts";

const REQUEST: FuzzRequest = {
  method: "GET",
  path: "/v2/a/tags/list",
  query: [],
  fields: [],
  framing: "length",
};
const ERROR = { errors: [{ code: "NAME_UNKNOWN", message: "No such repository", detail: { name: "a" } }] };

function answer(status: number, body: unknown = ERROR, fields: [string, string][] = []): RawResponse {
  const all: [string, string][] = [["content-type", "application/json"], ["x-request-id", "a-1"], ...fields];
  return { status, fields: all, body: new TextEncoder().encode(JSON.stringify(body)), keepAlive: true };
}

Deno.test("judge() has nothing against an error of the specification's form", async () => {
  assertEquals(await judge(REQUEST, answer(404), false), undefined);
});

Deno.test("judge() takes no error of another form, or with another code", async () => {
  for (
    const body of [
      {},
      { errors: [] },
      { errors: ERROR.errors, more: 1 },
      { errors: [{ code: "UNKNOWN", message: "x" }] },
      { errors: [{ code: "DENIED" }] },
      { errors: [{ ...ERROR.errors[0], stack: "at x" }] },
    ]
  ) {
    assertMatch((await judge(REQUEST, answer(404, body), false)) ?? "", /^Got an error that is not/);
  }
});

Deno.test("judge() reports failures, redirects and successes of requests that must be refused", async () => {
  assertEquals(await judge(REQUEST, answer(500), false), "Got status 500");
  assertEquals(await judge(REQUEST, answer(302), false), "Got status 302");
  assertEquals(
    await judge({ ...REQUEST, refused: true }, answer(200), false),
    "Got status 200 for what must be refused",
  );
});

Deno.test("judge() refuses a status that the endpoint table lacks", async () => {
  assertMatch((await judge(REQUEST, answer(202, {}), false)) ?? "", /no row of the endpoint/);
  assertMatch((await judge({ ...REQUEST, path: "/v2/A/tags/list" }, answer(200, {}), false)) ?? "", /no row/);
});

Deno.test("judge() refuses unknown header fields, and values that a client chose", async () => {
  assertMatch((await judge(REQUEST, answer(200, {}, [["x-injected", "1"]]), false)) ?? "", /x-injected/);
  assertMatch(
    (await judge(REQUEST, answer(202, {}, [["location", "http://elsewhere.example/"]]), false)) ?? "",
    /location/,
  );
});

Deno.test("judge() takes an answer of another than the registry only where the request is none", async () => {
  const other: RawResponse = { status: 400, fields: [], body: new Uint8Array(), keepAlive: false };
  assertEquals(await judge(REQUEST, other, false), "Got status 400 from another program");
  assertEquals(await judge(REQUEST, other, true), undefined);
});

Deno.test("isLax() is true for a malformed HTTP request", () => {
  const lax = (change: Partial<FuzzRequest>) => isLax({ ...REQUEST, ...change }, new Uint8Array(100));
  assertEquals(lax({}), false);
  assertEquals(lax({ path: "/v2/%2e%2e/" }), false);
  assertEquals(lax({ path: "/v2/a b" }), true);
  assertEquals(lax({ method: "GE T" }), true);
  assertEquals(lax({ framing: "raw" }), true);
  assertEquals(lax({ fields: [["a b", ""]] }), true);
  assertEquals(lax({ fields: [["Connection", "upgrade"]] }), true);
  assertEquals(isLax(REQUEST, new Uint8Array(70_000)), true);
});

Deno.test("judge() takes a page only with its policy, and without markup of the request", async () => {
  const request: FuzzRequest = { ...REQUEST, path: "/search", query: [["q", "a%3Cfuzz>"]] };
  const page = (text: string, policy = "default-src 'none'; frame-ancestors 'none'"): RawResponse => ({
    status: 200,
    fields: [["content-type", "text/html; charset=utf-8"], ["x-request-id", "a-1"], [
      "content-security-policy",
      policy,
    ]],
    body: new TextEncoder().encode(text),
    keepAlive: true,
  });
  const judged = (response: RawResponse) => judge(request, response, false);
  assertEquals(await judged(page("<!doctype html><p>a&lt;fuzz&gt;")), undefined);
  assertMatch((await judged(page("<!doctype html><p>a<fuzz>"))) ?? "", /^Got a page that contains/);
  assertMatch((await judged(page("<p>x"))) ?? "", /without its type/);
  assertMatch((await judged(page("<!doctype html>", "default-src 'none'; x"))) ?? "", /with the policy/);
  assertMatch((await judged({ ...page("<!doctype html>"), status: 201 })) ?? "", /status 201 with a page/);
});
