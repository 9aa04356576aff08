import { assertEquals } from "@std/assert";
import { METHODS, readRequest } from "./testing/routes.ts";

const ID = "0123456789abcdef";

Deno.test("addServices() reads every value of the path and the query", async () => {
  const rows: [string, string, Record<string, unknown>][] = [
    ["GET", "/v2/", { kind: "base" }],
    ["HEAD", "/v2/?ns=docker.io&x=/v2/a/tags/list", { kind: "base" }],
    ["GET", "/v2", { kind: "base" }],
    ["GET", "/", { kind: "home" }],
    ["GET", "/livez?verbose", { kind: "live" }],
    ["HEAD", "/livez", { kind: "live" }],
    ["GET", "/readyz", { kind: "ready" }],
    ["GET", "/startupz", { kind: "startup" }],
    ["GET", "/.well-known/jwks.json", { kind: "getJwks" }],
    ["HEAD", "/.well-known/jwks.json", { kind: "getJwks" }],
    ["GET", "/token", { kind: "getToken", scopes: [], offline: false }],
    ["GET", "/token?service=s&scope=a&scope=b%20c&client_id=d&offline_token=true", {
      kind: "getToken",
      service: "s",
      scopes: ["a", "b c"],
      client: "d",
      offline: true,
    }],
    ["POST", "/token?service=s", { kind: "postToken" }],
    ["GET", "/v2/_skerry/tokens?n=7&last=x", { kind: "listAccountTokens", page: { limit: 7, after: "x" } }],
    ["HEAD", "/v2/_skerry/tokens?n=", { kind: "listAccountTokens", page: {} }],
    ["POST", "/v2/_skerry/tokens", { kind: "createAccountToken" }],
    ["DELETE", `/v2/_skerry/tokens/${ID}`, { kind: "revokeAccountToken", id: ID }],
  ];
  for (const [method, target, route] of rows) {
    assertEquals((await readRequest(method, target)).route, route as never, `${method} ${target}`);
  }
});

Deno.test("addServices() answers 405 with Allow for another method", async () => {
  const rows: [string, string][] = [
    ["/v2/", "GET, HEAD"],
    ["/v2", "GET, HEAD"],
    ["/", "GET, HEAD"],
    ["/livez", "GET, HEAD"],
    ["/readyz", "GET, HEAD"],
    ["/startupz", "GET, HEAD"],
    ["/.well-known/jwks.json", "GET, HEAD"],
    ["/token", "GET, POST"],
    // The query of another method is not read.
    ["/token?service=a&service=b", "GET, POST"],
    ["/v2/_skerry/tokens", "GET, HEAD, POST"],
    ["/v2/_skerry/tokens?n=x", "GET, HEAD, POST"],
    [`/v2/_skerry/tokens/${ID}`, "DELETE"],
  ];
  for (const [target, allow] of rows) {
    for (const method of METHODS) {
      if (allow.split(", ").includes(method)) continue;
      assertEquals(
        await readRequest(method, target),
        { route: undefined, status: 405, allow },
        `${method} ${target}`,
      );
    }
  }
});

Deno.test("addServices() answers 404 for every other path and any method", async () => {
  const targets = [
    "/v2x",
    "/v2//",
    "/%76%32/",
    "/livez/",
    "//livez",
    "/./livez",
    "/%6civez",
    "/LIVEZ",
    "/livez%3f",
    "/token/",
    "/favicon.ico",
    "/.well-known/",
    "/v2/_skerry",
    "/v2/_skerry/",
    "/v2/_skerry/other",
    "/v2/_skerry/tokens/",
    "/v2/_skerry/tokens/short",
    `/v2/_skerry/tokens/${ID}/`,
    `/v2/_skerry/tokens/${ID}/a`,
    `/v2/_skerry/tokens/%30${ID.slice(1)}`,
    `/v2/a/_skerry/tokens/${ID}`,
    "/v2/a/_skerry/tokens",
    "/v2//_skerry/tokens",
    "/v2/%5fskerry/tokens",
  ];
  for (const target of targets) {
    for (const method of ["GET", "HEAD", "POST", "DELETE", "FOO"]) {
      const reading = await readRequest(method, target);
      assertEquals(reading, { route: undefined, status: 404, allow: null }, `${method} ${target}`);
    }
  }
});

Deno.test("addServices() refuses malformed and long queries", async () => {
  const long = `?a=${"a".repeat(16_384)}`;
  const rows: [string, string, number][] = [
    ["GET", "/token?service=a&service=b", 400],
    ["GET", "/token?client_id=a&client_id=b", 400],
    ["GET", "/v2/_skerry/tokens?n=-1", 400],
    ["GET", "/v2/_skerry/tokens?last=a&last=b", 400],
    ["GET", `/livez${long}`, 414],
    ["PUT", `/livez${long}`, 414],
    ["POST", `/token${long}`, 414],
    ["GET", `/nowhere${long}`, 414],
    ["GET", `/v2/_skerry/tokens/${ID}${long}`, 414],
  ];
  for (const [method, target, status] of rows) {
    const reading = await readRequest(method, target);
    assertEquals([reading.route, reading.status], [undefined, status], `${method} ${target.slice(0, 50)}`);
  }
});
