import { assert, assertEquals, assertMatch } from "@std/assert";
import { ANONYMOUS, type Principal } from "../auth/principal.ts";
import { TokenService, type TokenServiceOptions } from "../auth/token_service.ts";
import { RegistryError, unavailable } from "../oci/errors.ts";
import { fakeApp } from "../tests/harness/app.ts";
import { PASSER_BY } from "./access.ts";
import type { TokenOptions } from "./token.ts";

const NOW = 1_700_000_000_123;
const ALICE: Principal = { kind: "user", name: "user:alice", credential: "hash" };
const BASIC = { Authorization: `Basic ${btoa("alice:secret")}` };
const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT = "urn:ietf:params:oauth:token-type:jwt";
const PASSWORD = { grant_type: "password", username: "alice", password: "secret" };

/** An app whose tokens are the names of whose they are, and what it was asked. */
function make(options: Partial<TokenOptions> = {}, parts: Partial<TokenServiceOptions> = {}) {
  const calls: unknown[][] = [];
  const service = new TokenService({
    service: "registry.test",
    accessTokens: {
      issue: (principal, _access, lifetime) =>
        Promise.resolve({ token: `token of ${principal.name}`, issuedAt: NOW, expiresAt: NOW + lifetime }),
    },
    refreshTokens: {
      issue(principal, client) {
        calls.push(["refresh token for", client]);
        return Promise.resolve(principal.credential && "skrr_new");
      },
      redeem(token) {
        calls.push(["redeem", token]);
        return Promise.resolve(token === "skrr_good" ? ALICE : undefined);
      },
    },
    policy: {
      allows: ({ name }, action, repository) =>
        repository === "public" ? action === "pull" : name === "user:alice" && action !== "administer",
    },
    lifetimeFor: () => 900_000,
    now: () => NOW,
    ...parts,
  });
  const tokens: TokenOptions = {
    service,
    jwks: () => Promise.resolve({ keys: [{ kty: "OKP", crv: "Ed25519", x: "x", kid: "one" }] }),
    identify(request, client) {
      calls.push(["identify", client]);
      const authorization = request.headers.get("Authorization");
      if (authorization === null) return ANONYMOUS;
      if (authorization === BASIC.Authorization) return ALICE;
      throw new RegistryError("UNAUTHORIZED", "Name or password is wrong");
    },
    login(username, password, client) {
      calls.push(["login", username, client]);
      if (username === "busy") {
        const headers = { "Retry-After": "7" };
        throw new RegistryError("TOOMANYREQUESTS", "Wait a little", { headers });
      }
      if (username === "outage") throw unavailable("Users are not known at the moment");
      if (username === "alice" && password === "secret") return Promise.resolve(ALICE);
      throw new RegistryError("UNAUTHORIZED", "Name or password is wrong");
    },
    exchange(subjectToken) {
      calls.push(["exchange", subjectToken]);
      if (subjectToken === "good") return Promise.resolve({ token: "login token", expiresIn: 7200 });
      throw new RegistryError("UNAUTHORIZED", "Token is not valid");
    },
    ...options,
  };
  const { request, app, entries } = fakeApp({}, {
    tokens: () => Promise.resolve(tokens),
    access: {
      admit: (_needed, _request, peer) =>
        Promise.resolve({ caller: PASSER_BY, client: { peer, address: "192.0.2.1" } }),
    },
  });
  const get = (query: string, headers: HeadersInit = {}) => request(`/token${query}`, { headers });
  const post = (form: Record<string, string> | string | [string, string][], headers: HeadersInit = {}) =>
    request("/token", { method: "POST", body: new URLSearchParams(form), headers });
  return { request, app, entries, get, post, calls };
}

/** That nothing keeps it on the way. */
function assertSecret(response: Response): void {
  assertEquals(response.headers.get("Cache-Control"), "no-store");
  assertEquals(response.headers.get("Pragma"), "no-cache");
}

/** An error in the forms of both RFC 6749 §5.2 and distribution-spec. */
async function oauthError(response: Response): Promise<[number, string, string]> {
  assertSecret(response);
  assertEquals(response.headers.get("Content-Type"), "application/json");
  const { error, error_description, errors, ...rest } = await response.json();
  assertEquals(rest, {});
  assertEquals(errors.map(({ message }: { message: string }) => message), [error_description]);
  return [response.status, error, errors[0].code];
}

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

Deno.test("getToken() gives a token to anybody who shows nothing", async () => {
  const { get, calls } = make();
  const response = await get(
    "?scope=repository:public:pull&service=registry.test&account=alice&offline_token=true",
  );
  assertEquals([response.status, (await response.json()).token], [200, "token of anonymous"]);
  assertEquals(calls, [["identify", { peer: undefined, address: "192.0.2.1" }], ["refresh token for", ""]]);
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

Deno.test("getToken() refuses what stands there twice, and too many scopes", async () => {
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

Deno.test("postToken() gives a token for a name and a password in the form", async () => {
  const { post, calls } = make();
  const form = {
    ...PASSWORD,
    service: "registry.test",
    client_id: "docker",
    scope: "repository:team/app:pull,push repository:public:push",
  };
  const response = await post(form);
  assertEquals(response.status, 200);
  assertSecret(response);
  assertEquals(await response.json(), {
    access_token: "token of user:alice",
    scope: "repository:team/app:pull,push",
    expires_in: 900,
    issued_at: "2023-11-14T22:13:20.123Z",
  });
  assertEquals(calls, [["login", "alice", { peer: undefined, address: "192.0.2.1" }]]);
  const offline = await post({ ...form, access_type: "offline" });
  assertEquals((await offline.json()).refresh_token, "skrr_new");
  assertEquals(calls.at(-1), ["refresh token for", "docker"]);
  assertEquals("refresh_token" in await (await post({ ...form, access_type: "online" })).json(), false);
});

Deno.test("postToken() gives a token for a refresh token, and no other refresh token", async () => {
  const { post, calls } = make();
  const form = { grant_type: "refresh_token", refresh_token: "skrr_good", access_type: "offline" };
  const response = await post({ ...form, scope: "repository:team/app:pull" });
  assertEquals(response.status, 200);
  assertSecret(response);
  const body = await response.json();
  assertEquals([body.access_token, body.scope], ["token of user:alice", "repository:team/app:pull"]);
  assertEquals("refresh_token" in body, false);
  assertEquals(calls, [["redeem", "skrr_good"]]);
});

Deno.test("postToken() takes nothing that stands in Authorization for who asks", async () => {
  const { post } = make();
  const response = await post({ ...PASSWORD, password: "wrong" }, BASIC);
  assertEquals(response.status, 401);
  const good = await post(PASSWORD, { Authorization: "Bearer x" });
  assertEquals(good.status, 200);
});

Deno.test("postToken() refuses a wrong password or refresh token in both forms, with a challenge", async () => {
  const { post } = make();
  for (
    const form of [
      { ...PASSWORD, password: "wrong" },
      { ...PASSWORD, password: "" },
      { grant_type: "refresh_token", refresh_token: "skrr_bad" },
      { grant_type: EXCHANGE, subject_token: "bad", subject_token_type: JWT },
    ]
  ) {
    const response = await post(form);
    assertEquals(response.headers.get("WWW-Authenticate"), 'Basic realm="registry.test", charset="UTF-8"');
    assertEquals(await oauthError(response), [401, "invalid_grant", "UNAUTHORIZED"]);
  }
});

Deno.test("postToken() says when to come again", async () => {
  const { post, entries } = make();
  const response = await post({ ...PASSWORD, username: "busy" });
  assertEquals(response.headers.get("Retry-After"), "7");
  assertEquals(await oauthError(response), [429, "invalid_request", "TOOMANYREQUESTS"]);
  const outage = await post({ ...PASSWORD, username: "outage" });
  assertEquals([outage.status, outage.headers.has("Retry-After")], [503, true]);
  assert(entries.at(-1)?.error !== undefined);
});

Deno.test("postToken() refuses a grant type that it does not know", async () => {
  const { post, calls } = make();
  for (
    const grant of [
      { grant_type: "authorization_code" },
      { grant_type: "client_credentials" },
      { grant_type: "Password" },
      { grant_type: "" },
      {},
    ]
  ) {
    const { grant_type: _, ...rest } = PASSWORD;
    const response = await post({ ...rest, ...grant });
    assertEquals(
      await oauthError(response),
      [400, "unsupported_grant_type", "UNSUPPORTED"],
      JSON.stringify(grant),
    );
  }
  assertEquals(calls, []);
});

Deno.test("postToken() refuses a form that lacks something", async () => {
  const { post, calls } = make();
  for (
    const form of [
      { grant_type: "password", username: "alice" },
      { grant_type: "password", password: "secret" },
      { grant_type: "refresh_token" },
      { grant_type: EXCHANGE, subject_token: "good" },
      { grant_type: EXCHANGE, subject_token_type: JWT },
    ]
  ) {
    const response = await post(form as Record<string, string>);
    assertEquals(await oauthError(response), [400, "invalid_request", "UNSUPPORTED"], JSON.stringify(form));
  }
  assertEquals(calls, []);
});

Deno.test("postToken() refuses what stands there twice", async () => {
  const { post, calls } = make();
  const refresh: [string, string][] = [["grant_type", "refresh_token"], ["refresh_token", "skrr_good"]];
  const exchange = Object.entries({ grant_type: EXCHANGE, subject_token: "good", subject_token_type: JWT });
  const forms: [string, string][][] = [
    ...Object.entries({ ...PASSWORD, service: "registry.test", client_id: "docker", access_type: "offline" })
      .map((pair, _, all) => [...all, pair]),
    ...refresh.map((pair) => [...refresh, pair]),
    ...exchange.map((pair) => [...exchange, pair]),
  ];
  for (const form of forms) {
    const response = await post(form);
    assertEquals(await oauthError(response), [400, "invalid_request", "UNSUPPORTED"], JSON.stringify(form));
  }
  assertEquals(calls.filter(([what]) => what === "redeem" || what === "exchange"), []);
  const scopes: [string, string][] = [["scope", "repository:a:pull"], ["scope", "repository:b:pull"]];
  const several = await post([...Object.entries(PASSWORD), ...scopes]);
  assertEquals((await several.json()).scope, "repository:a:pull repository:b:pull");
});

Deno.test("postToken() looks at nothing secret where the service is another one", async () => {
  const { post, calls } = make();
  for (
    const form of [
      PASSWORD,
      { grant_type: "refresh_token", refresh_token: "skrr_good" },
      { grant_type: EXCHANGE, subject_token: "good", subject_token_type: JWT },
    ]
  ) {
    const response = await post({ ...form, service: "other.test" } as Record<string, string>);
    assertEquals(response.headers.has("WWW-Authenticate"), false);
    assertEquals(await oauthError(response), [400, "invalid_request", "UNSUPPORTED"]);
  }
  assertEquals(calls, []);
});

Deno.test("postToken() gives a password for the token of an issuer, as RFC 8693 says", async () => {
  const { post, calls } = make();
  for (const type of [JWT, "urn:ietf:params:oauth:token-type:id_token"]) {
    const response = await post({ grant_type: EXCHANGE, subject_token: "good", subject_token_type: type });
    assertEquals(response.status, 200);
    assertSecret(response);
    assertEquals(await response.json(), {
      access_token: "login token",
      issued_token_type: JWT,
      token_type: "N_A",
      expires_in: 7200,
    });
  }
  calls.length = 0;
  for (const type of ["", "jwt", "urn:ietf:params:oauth:token-type:access_token"]) {
    const response = await post({ grant_type: EXCHANGE, subject_token: "good", subject_token_type: type });
    assertEquals(await oauthError(response), [400, "invalid_request", "UNSUPPORTED"], type);
  }
  assertEquals(calls, []);
});

Deno.test("postToken() refuses a body that is no form", async () => {
  const { request, calls } = make();
  const body = new URLSearchParams(PASSWORD).toString();
  for (
    const type of [
      "application/json",
      "text/plain",
      "multipart/form-data; boundary=x",
      "application/x-www-form-urlencodedx",
      "x application/x-www-form-urlencoded",
      "",
    ]
  ) {
    const response = await request("/token", { method: "POST", body, headers: { "Content-Type": type } });
    assertEquals(await oauthError(response), [400, "invalid_request", "UNSUPPORTED"], type);
  }
  assertEquals(calls, []);
  for (
    const type of [
      "application/x-www-form-urlencoded",
      "Application/X-WWW-Form-URLencoded",
      "application/x-www-form-urlencoded; charset=utf-8",
      "application/x-www-form-urlencoded ;charset=utf-8",
    ]
  ) {
    const response = await request("/token", { method: "POST", body, headers: { "Content-Type": type } });
    assertEquals(response.status, 200, type);
  }
});

Deno.test("postToken() refuses a form that is too large, announced or not", async () => {
  const { request, calls } = make();
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  const limit = 64 * 1024;
  const form = new URLSearchParams(PASSWORD).toString();
  const padded = (length: number) => `${form}&x=`.padEnd(length, "x");
  const send = (body: BodyInit) => request("/token", { method: "POST", body, headers });
  assertEquals((await send(padded(limit))).status, 200);
  calls.length = 0;
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(4096)) });
  for (const body of [padded(limit + 1), endless]) {
    assertEquals(await oauthError(await send(body)), [413, "invalid_request", "SIZE_INVALID"]);
  }
  assertEquals(calls, []);
});

Deno.test("postToken() puts nothing secret into an error or the log", async () => {
  const { post, entries } = make();
  const secret = "s3cret-s3cret";
  const texts: string[] = [];
  for (
    const form of [
      { ...PASSWORD, password: secret },
      { grant_type: "refresh_token", refresh_token: secret },
      { grant_type: EXCHANGE, subject_token: secret, subject_token_type: JWT },
      { grant_type: EXCHANGE, subject_token: "good", subject_token_type: secret },
      { grant_type: secret },
      { ...PASSWORD, service: secret },
    ]
  ) {
    const response = await post(form as Record<string, string>);
    texts.push(JSON.stringify([...response.headers]), await response.text());
  }
  assert(!`${texts.join()}${JSON.stringify(entries)}`.includes(secret));
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

Deno.test("getToken() tells nothing of an error that is not for the client", async () => {
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
