import { assert, assertEquals } from "@std/assert";
import type { Digest } from "../oci/mod.ts";
import { assertSecret, BASIC, EXCHANGE, JWT, make, oauthError, PASSWORD } from "./testing/token.ts";

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
  assertEquals(calls, [["login", "alice", {
    peer: undefined,
    address: "192.0.2.1",
    principal: "user:alice",
  }]]);
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

Deno.test("postToken() ignores the Authorization header", async () => {
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

Deno.test("postToken() answers Retry-After", async () => {
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

Deno.test("postToken() rejects duplicate parameters", async () => {
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

Deno.test("postToken() rejects another service before it checks a password or token", async () => {
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
      access_token: "workload password",
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

Deno.test("postToken() rejects a body that is not a form", async () => {
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

Deno.test("postToken() writes no secret into an error or the log", async () => {
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

Deno.test("slow forms hold up no push, and no login of another address", async () => {
  const { app, entries } = make({}, {}, {
    putManifest: () => Promise.resolve({ digest: "sha256:a" as Digest, tags: [] }),
  });
  const send = (hostname: string, path: string, init: RequestInit) =>
    app.fetch(new Request(`http://registry.test${path}`, init), {
      remoteAddr: { transport: "tcp", hostname, port: 1 },
    });
  const type = { "Content-Type": "application/x-www-form-urlencoded" };
  const open = new Set<ReadableStreamDefaultController<Uint8Array>>();
  const slow = Array.from({ length: 2500 }, () => {
    let form: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => void open.add(form = controller),
      cancel: () => void open.delete(form),
    });
    return send("192.0.2.1", "/token", { method: "POST", headers: type, body });
  });
  const put = await send("192.0.2.2", "/v2/a/manifests/v1", { method: "PUT", body: "{}" });
  assertEquals(put.status, 201);
  const login = await send("192.0.2.2", "/token", {
    method: "POST",
    headers: type,
    body: new URLSearchParams(PASSWORD).toString(),
  });
  assertEquals(login.status, 200);
  const ended = entries.filter(({ address }) => address === "192.0.2.1");
  const statuses = new Set(ended.map(({ status }) => status));
  assertEquals(statuses, new Set([503]), "no slow form was given up to make room");
  for (const form of open) form.close();
  await Promise.all(slow);
});
