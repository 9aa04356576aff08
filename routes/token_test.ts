import { assert, assertEquals, assertMatch } from "@std/assert";
import { fakeApp } from "../tests/harness/app.ts";
import { assertSecret, BASIC, make, NOW, PASSWORD } from "./testing/token.ts";

Deno.test("getToken() gives a token for a name and a password, in every member that clients read", async () => {
  const { get } = make();
  const response = await get("?service=registry.test&scope=repository:team/app:pull,push", BASIC);
  assertEquals(response.status, 200);
  assertSecret(response);
  assertEquals(response.headers.get("Content-Type"), "application/json");
  assertEquals(await response.json(), {
    token: "token of user:alice",
    access_token: "token of user:alice",
    expires_in: 900,
    issued_at: "2023-11-14T22:13:20.123Z",
  });
});

Deno.test("getToken() issues a token to a client without credentials", async () => {
  const { get, calls } = make();
  const response = await get(
    "?scope=repository:public:pull&service=registry.test&account=alice&offline_token=true",
  );
  assertEquals([response.status, (await response.json()).token], [200, "token of anonymous"]);
  assertEquals(calls, [["identify", { peer: undefined, address: "192.0.2.1", principal: "anonymous" }], [
    "refresh token for",
    "",
  ]]);
});

Deno.test("getToken() gives a refresh token with it where that is asked for", async () => {
  const { get, calls } = make();
  const response = await get("?offline_token=true&client_id=docker", BASIC);
  assertEquals((await response.json()).refresh_token, "skrr_new");
  assertEquals(calls.at(-1), ["refresh token for", "docker"]);
  for (const query of ["", "?offline_token=false", "?offline_token=1", "?offline_token="]) {
    assertEquals("refresh_token" in await (await get(query, BASIC)).json(), false, query);
  }
});

Deno.test("getToken() grants every scope, in one parameter and in several", async () => {
  const granted: unknown[] = [];
  const { get } = make({}, {
    accessTokens: {
      issue(_principal, access) {
        granted.push(access.map(({ name, actions }) => `${name}:${actions}`));
        return Promise.resolve({ token: "t", issuedAt: NOW, expiresAt: NOW });
      },
    },
  });
  await get("?scope=repository:a:pull&scope=repository:b:push", BASIC);
  await get("?scope=repository:a:pull%20repository:b:push", BASIC);
  await get("?scope=repository:a:pull+repository:b:push", BASIC);
  await get("?scope=repository%3Aa%3Apull&scope=registry:catalog:*&scope=repository:b:*", BASIC);
  assertEquals(granted, [
    ["a:pull", "b:push"],
    ["a:pull", "b:push"],
    ["a:pull", "b:push"],
    ["a:pull", "catalog:*", "b:pull,push,delete"],
  ]);
});

Deno.test("getToken() refuses a wrong password with a challenge for another", async () => {
  const { get } = make();
  const response = await get("", { Authorization: `Basic ${btoa("alice:wrong")}` });
  assertEquals(response.status, 401);
  assertEquals(response.headers.get("WWW-Authenticate"), 'Basic realm="registry.test", charset="UTF-8"');
  assertSecret(response);
  assertEquals(await response.json(), {
    errors: [{ code: "UNAUTHORIZED", message: "Name or password is wrong" }],
  });
});

Deno.test("getToken() gives no token for a token, or for anything else than a password", async () => {
  const { get, calls } = make();
  for (const authorization of ["Bearer token", "bearer x", "Digest x", "Basic", "Basicx", "x", ""]) {
    const response = await get("", { Authorization: authorization });
    assertEquals(response.status, 401, authorization);
    assertMatch(response.headers.get("WWW-Authenticate") ?? "", /^Basic /);
    await response.body?.cancel();
  }
  assertEquals(calls, []);
  assertEquals((await get("", { Authorization: BASIC.Authorization })).status, 200);
});

Deno.test("getToken() asks for no password where the token would be for another service", async () => {
  const { get, calls } = make();
  for (const query of ["?service=other.test", "?service="]) {
    const response = await get(query, { Authorization: "Bearer x" });
    assertEquals([response.status, response.headers.get("WWW-Authenticate")], [400, null], query);
    assertEquals((await response.json()).errors[0].code, "UNSUPPORTED");
  }
  assertEquals(calls, []);
});

Deno.test("getToken() rejects duplicate parameters, and too many scopes", async () => {
  const { get } = make();
  for (
    const query of [
      "?service=registry.test&service=registry.test",
      "?client_id=a&client_id=b",
      "?offline_token=true&offline_token=false",
      `?${Array.from({ length: 51 }, (_, i) => `scope=repository:a${i}:pull`).join("&")}`,
    ]
  ) {
    assertEquals((await get(query, BASIC)).status, 400, query);
  }
  assertEquals((await get(`?scope=${"a".repeat(20_000)}`, BASIC)).status, 414);
});

Deno.test("getToken() quotes the name of the service in its challenge", async () => {
  const { get } = make({}, { service: 'a "quoted\\ name' });
  const response = await get("", { Authorization: "Bearer x" });
  assertEquals(
    response.headers.get("WWW-Authenticate"),
    'Basic realm="a \\"quoted\\\\ name", charset="UTF-8"',
  );
});

Deno.test("getToken() answers GET and POST alone", async () => {
  const { request } = make();
  for (const method of ["HEAD", "PUT", "DELETE", "PATCH"]) {
    const response = await request("/token", { method });
    assertEquals([response.status, response.headers.get("Allow")], [405, "GET, POST"], method);
  }
});

Deno.test("getJwks() answers the keys that verify, for a few minutes", async () => {
  const { request } = make();
  const response = await request("/.well-known/jwks.json");
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("Content-Type"), "application/jwk-set+json");
  assertEquals(response.headers.get("Cache-Control"), "public, max-age=300");
  assertEquals((await response.json()).keys[0].kid, "one");
  assertEquals((await request("/.well-known/jwks.json", { method: "HEAD" })).status, 200);
  assertEquals((await request("/.well-known/jwks.json", { method: "POST" })).status, 405);
});

Deno.test("getToken(), postToken() and getJwks() are not there where the registry is open to all", async () => {
  const { request } = fakeApp({});
  const body = new URLSearchParams(PASSWORD);
  for (
    const [path, init] of [
      ["/token", {}],
      ["/token?service=x", { headers: { Authorization: "Bearer x" } }],
      ["/token", { method: "POST", body }],
      ["/.well-known/jwks.json", {}],
    ] as const
  ) {
    const response = await request(path, init);
    assertEquals([response.status, response.headers.get("WWW-Authenticate")], [404, null]);
    assertEquals(await response.json(), { errors: [{ code: "UNSUPPORTED", message: "No such path" }] });
  }
});

Deno.test("getToken() hides an internal error from the client", async () => {
  const { get, post, entries } = make({
    identify: () => {
      throw new Error("internals");
    },
    login: () => Promise.reject(new Error("internals")),
  });
  for (const response of [await get(""), await post(PASSWORD)]) {
    assertEquals(response.status, 500);
    assert(!(await response.text()).includes("internals"));
    assertEquals((entries.at(-1)?.error as Error).message, "internals");
  }
});
