// Attacks with a valid token, without one, or with one for another purpose, on the parts of a started process.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { decodeJwt, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { ACCESS_TOKEN_TYPE, TableKeys } from "../../auth/mod.ts";
import { digestOf, EMPTY, failureIn, imageOf, putManifest } from "../harness/content.ts";
import { OidcIssuer } from "../harness/oidc_issuer.ts";
import { basic, usersOf } from "../harness/secured.ts";
import { openSecuredApp, passwordOf, type SecuredApp, URL_OF_APP } from "../harness/secured_app.ts";
import { ALICE, LIST, openTeamApp } from "./team_app.ts";

/** The keys of an app, as it has them itself. */
async function keysOf({ stores }: SecuredApp) {
  const keys = new TableKeys({ table: stores.table, lifetime: 3_600_000, now: Date.now });
  const { kid, key } = await keys.signing();
  const publicKey = await keys.find(kid);
  return { kid, key, publicKey: publicKey! };
}

/** A token to pull `team/app`, signed by `key`, with these changes of its claims and its header. */
async function forge(
  key: CryptoKey | Uint8Array,
  kid: string,
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const payload = {
    kind: "user",
    access: [{ type: "repository", name: "team/app", actions: ["pull"] }],
    iss: URL_OF_APP,
    aud: "registry.test",
    sub: "user:alice",
    iat: now,
    nbf: now - 300,
    exp: now + 300,
    jti: crypto.randomUUID(),
    ...claims,
  };
  return await new SignJWT(JSON.parse(JSON.stringify(payload)))
    .setProtectedHeader({ alg: "EdDSA", kid, typ: ACCESS_TOKEN_TYPE, ...header })
    .sign(key);
}

/** Asserts that a token is refused as one that is no good, wherever it is shown. */
async function assertRefused({ as }: SecuredApp, token: string, what: string): Promise<void> {
  for (const path of ["/v2/", LIST, "/v2/public/app/tags/list", "/v2/_catalog"]) {
    const response = await as(`Bearer ${token}`)(path);
    assertEquals(response.status, 401, `${what}: ${path}`);
    assertStringIncludes(response.headers.get("WWW-Authenticate") ?? "", 'error="invalid_token"', what);
    await response.body?.cancel();
  }
}

Deno.test("a well-formed token that the registry's key has signed is accepted, so each token below has one defect", async () => {
  using app = await openTeamApp();
  const { kid, key } = await keysOf(app);
  assertEquals((await app.as(`Bearer ${await forge(key, kid)}`)(LIST)).status, 200);
});

Deno.test("CVE-2025-24976: a key inside a token verifies nothing, with any header", async () => {
  using app = await openTeamApp();
  const { kid } = await keysOf(app);
  const { privateKey, publicKey } = await generateKeyPair("EdDSA", { extractable: true });
  const jwk = { ...await crypto.subtle.exportKey("jwk", publicKey), kid };
  const headers = {
    jwk,
    jku: `${URL_OF_APP}/.well-known/jwks.json`,
    x5u: "https://attacker.test/",
    x5c: ["MIIB"],
    x5t: "AAAA",
  };
  for (const [name, value] of Object.entries(headers)) {
    await assertRefused(app, await forge(privateKey, kid, {}, { [name]: value }), name);
  }
  await assertRefused(app, await forge(privateKey, kid), "another key under the name of ours");
  await assertRefused(app, await forge(privateKey, "../../key"), "a key that nobody has");
});

Deno.test("tricks with alg: none, a public key for a secret, another curve", async () => {
  using app = await openTeamApp();
  const { kid, key, publicKey } = await keysOf(app);
  const good = await forge(key, kid);
  const unsecured = new UnsecuredJWT(decodeJwt(good)).encode();
  await assertRefused(app, unsecured, "none");
  const [header, payload, signature] = good.split(".") as [string, string, string];
  for (const alg of ["none", "None", "NONE", "", "HS256", "ES256", "Ed448"]) {
    const text = JSON.stringify({ alg, kid, typ: ACCESS_TOKEN_TYPE });
    const changed = new TextEncoder().encode(text).toBase64({ alphabet: "base64url", omitPadding: true });
    await assertRefused(app, `${changed}.${payload}.${signature}`, alg);
    await assertRefused(app, `${changed}.${payload}.`, `${alg} without a signature`);
  }
  await assertRefused(app, `${header}.${payload}.`, "no signature");
  const secret = new TextEncoder().encode(await exportSPKI(publicKey));
  await assertRefused(app, await forge(secret, kid, {}, { alg: "HS256" }), "HS256 by the public key");
});

Deno.test("a token of another audience, issuer or time is refused", async () => {
  using app = await openTeamApp();
  const { kid, key } = await keysOf(app);
  const now = Math.floor(Date.now() / 1000);
  const wrong: Record<string, Record<string, unknown>> = {
    "another audience": { aud: "registry.example" },
    "several audiences": { aud: ["registry.test", "registry.example"] },
    "no audience": { aud: undefined },
    "another issuer": { iss: "https://registry.example" },
    "no issuer": { iss: undefined },
    "expired": { exp: now - 1 },
    "no end": { exp: undefined },
    "an end that is text": { exp: "9999999999" },
    "not valid yet": { nbf: now + 60 },
    "no subject": { sub: undefined },
    "rights that are no list": { access: { type: "repository", name: "team/app", actions: ["pull"] } },
    "an action that there is not": {
      access: [{ type: "repository", name: "team/app", actions: ["pull", "all"] }],
    },
    "a pattern for a name": { access: [{ type: "repository", name: "team/*", actions: ["pull"] }] },
    "another kind of rights": {
      access: [{ type: "repository(plugin)", name: "team/app", actions: ["pull"] }],
    },
  };
  for (const [what, claims] of Object.entries(wrong)) {
    await assertRefused(app, await forge(key, kid, claims), what);
  }
  for (const typ of ["JWT", "skerry-login+jwt", undefined]) {
    await assertRefused(app, await forge(key, kid, {}, { typ }), `typ ${typ}`);
  }
});

Deno.test("scope confusion: a token is valid only for its scopes, and at most for the rights of its owner", async () => {
  using app = await openTeamApp();
  const { request, as, tokenFor } = app;
  const pull = await tokenFor(ALICE, "repository:team/app:pull");
  const status = async (path: string, init?: RequestInit) => {
    const response = await as(pull)(path, init);
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await status(LIST), 200);
  for (const name of ["team/other", "team", "team/app/x", "team/ap", "team/app2"]) {
    assertEquals(await status(`/v2/${name}/tags/list`), name.startsWith("team/") ? 401 : 403, name);
  }
  assertEquals(await status("/v2/team/app/blobs/uploads/", { method: "POST" }), 401);
  assertEquals(await status("/v2/team/app/manifests/latest", { method: "DELETE" }), 401);
  assertEquals(await status("/v2/_catalog"), 401);
  assertEquals(await status("/v2/_skerry/tokens"), 401);
  assertEquals((await request("/v2/_skerry/tokens", { headers: { Authorization: pull } })).status, 401);

  // Whatever is asked for, no more is given than policies allow.
  const wide = await tokenFor(
    passwordOf("bob"),
    "repository:team/app:*",
    "repository:team/app:pull,push,delete",
  );
  assertEquals(decodeJwt(wide.slice(7))["access"], [{
    type: "repository",
    name: "team/app",
    actions: ["pull"],
  }]);
  const strange = [
    "repository:team/*:pull",
    "repository:**:pull",
    "repository::pull",
    "registry:catalog:pull",
  ];
  for (const scope of strange) {
    const response = await as(ALICE)(`/token?scope=${encodeURIComponent(scope)}`);
    if (response.status === 200) {
      assertEquals(decodeJwt((await response.json()).token)["access"], [], scope);
    } else {
      assertEquals(response.status, 400, scope);
    }
  }
});

Deno.test("no other token is accepted as an access token: workload passwords, refresh tokens, account tokens, ID tokens", async () => {
  await using issuer = await OidcIssuer.start({ audience: "registry.test" });
  using app = await openTeamApp({ issuers: [{ name: "test", issuer: issuer.url }] });
  const { request, as } = app;
  const post = async (form: Record<string, string>) =>
    await request("/token", { method: "POST", body: new URLSearchParams(form) });
  const subject = await issuer.mint();
  const exchanged = await (await post({
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: subject,
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
  })).json();
  const { refresh_token } = await (await as(ALICE)("/token?offline_token=true")).json();
  const { secret } = await (await as(ALICE)("/v2/_skerry/tokens", { method: "POST" })).json();
  const { token } = await (await as(ALICE)("/token?scope=repository:team/app:pull")).json();
  for (const other of [subject, exchanged.access_token, refresh_token, secret]) {
    assertMatch(other, /^[\w.-]{40,}$/);
    await assertRefused(app, other, other.slice(0, 12));
  }
  for (const password of [token, refresh_token]) {
    const response = await as(basic({ username: "alice", password }))("/token");
    assertEquals(await failureIn(response), [401, "UNAUTHORIZED"]);
  }
  for (const refresh of [token, secret, subject, exchanged.access_token, `${refresh_token}x`]) {
    const response = await post({ grant_type: "refresh_token", refresh_token: refresh });
    assertEquals(response.status, 401);
    await response.body?.cancel();
  }
  for (const subject_token of [token, refresh_token, secret, exchanged.access_token]) {
    const response = await post({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token,
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    });
    assertEquals(response.status, 401);
    await response.body?.cancel();
  }
  assertEquals(await failureIn(await as(`Bearer ${token}`)("/token")), [401, "UNAUTHORIZED"]);
});

Deno.test("GHSA-qg67-7m6v-qg25: a token for pushing does not allow deleting, and one for deleting no pushing", async () => {
  using app = await openTeamApp();
  const { as, tokenFor } = app;
  const image = imageOf("team/app");
  const push = as(await tokenFor(ALICE, "repository:team/app:pull,push"));
  const targets = [
    "manifests/latest",
    `manifests/${image.digest}`,
    `blobs/${digestOf(EMPTY)}`,
    "_skerry/repository",
  ];
  for (const path of targets) {
    const status = path === "_skerry/repository" ? 403 : 401;
    const response = await push(`/v2/team/app/${path}`, { method: "DELETE" });
    assertEquals((await failureIn(response))[0], status, path);
  }
  assertEquals((await putManifest(push, "team/app", "latest", imageOf("new"))).status, 201);
  const remove = as(await tokenFor(ALICE, "repository:team/app:delete"));
  assertEquals((await putManifest(remove, "team/app", "latest", image)).status, 401);
  assertEquals((await remove(LIST)).status, 401);
  assertEquals((await remove("/v2/team/app/manifests/latest", { method: "DELETE" })).status, 202);
});

Deno.test("CVE-2025-23208: a user who is removed from a group loses its rights at once, with earlier tokens too", async () => {
  const policies = [{ repositories: ["team/**"], allow: [{ to: ["group:dev"], actions: ["pull"] }] }];
  const users = await usersOf("alice", "bob");
  using before = await openTeamApp({ users, policies, groups: { dev: ["user:alice", "user:bob"] } });
  const { as, tokenFor, stores } = before;
  const token = await tokenFor(ALICE, "repository:team/app:pull");
  const { refresh_token } = await (await as(ALICE)("/token?offline_token=true")).json();
  assertEquals((await as(token)(LIST)).status, 200);
  using after = await openSecuredApp({ users, policies, groups: { dev: ["user:bob"] } }, { stores });
  assertEquals(await failureIn(await after.as(token)(LIST)), [403, "DENIED"]);
  assertEquals(await failureIn(await after.as(ALICE)(LIST)), [403, "DENIED"]);
  const form = { grant_type: "refresh_token", refresh_token, scope: "repository:team/app:pull" };
  const refreshed = await after.request("/token", { method: "POST", body: new URLSearchParams(form) });
  assertEquals((await refreshed.json()).scope, "");
});

Deno.test("a removed user, or one with a new password, gets no more tokens", async () => {
  using before = await openTeamApp();
  const { as, stores } = before;
  const { refresh_token } = await (await as(ALICE)("/token?offline_token=true")).json();
  const { secret } = await (await as(ALICE)("/v2/_skerry/tokens", { method: "POST" })).json();
  const personal = basic({ username: "alice", password: secret });
  const refresh = async (app: SecuredApp) => {
    const form = { grant_type: "refresh_token", refresh_token };
    const response = await app.request("/token", { method: "POST", body: new URLSearchParams(form) });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals([await refresh(before), (await as(personal)("/token")).status], [200, 200]);
  using changed = await openSecuredApp({ users: await usersOf("alice") }, { stores }); // hashes have another salt
  assertEquals(await refresh(changed), 401);
  using gone = await openSecuredApp({ users: await usersOf("bob") }, { stores });
  assertEquals([await refresh(gone), (await gone.as(personal)("/token")).status], [401, 401]);
});

Deno.test("GHSA-c37v-3c8w-crq8: no credential is ever logged, accepted or refused", async () => {
  await using issuer = await OidcIssuer.start({ audience: "registry.test" });
  using app = await openTeamApp({ issuers: [{ name: "test", issuer: issuer.url }] });
  const { request, as, tokenFor } = app;
  const wrong = "a mistyped password";
  const subject = await issuer.mint();
  const token = (await tokenFor(ALICE, "repository:team/app:pull,push")).slice(7);
  const { refresh_token } = await (await as(ALICE)("/token?offline_token=true")).json();
  const { secret } = await (await as(ALICE)("/v2/_skerry/tokens", { method: "POST" })).json();
  const secrets = [wrong, subject, token, refresh_token, secret, "alice's password"];
  for (const password of secrets) {
    for (const username of ["alice", password]) {
      const authorization = basic({ username, password });
      for (const path of ["/v2/", "/token", LIST, "/v2/_skerry/tokens"]) await as(authorization)(path);
    }
    for (const scheme of ["Bearer", "Basic", "Digest"]) await as(`${scheme} ${password}`)(LIST);
    for (
      const form of [
        { grant_type: "password", username: "alice", password },
        { grant_type: "refresh_token", refresh_token: password },
        {
          grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
          subject_token: password,
          subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
        },
        { grant_type: password },
      ]
    ) await request("/token", { method: "POST", body: new URLSearchParams(form) });
    await request(
      `/token?password=${encodeURIComponent(password)}&client_id=${encodeURIComponent(password)}`,
    );
    await request(`/v2/team/app/tags/list?token=${encodeURIComponent(password)}`);
  }
  const log = JSON.stringify(
    app.told,
    (_key, value) => value instanceof Error ? [value.message, value.stack, String(value.cause)] : value,
  );
  assert(log.length > 10_000, "There is a log");
  for (const text of secrets) {
    assert(!log.includes(text), `The log has "${text.slice(0, 12)}..."`);
    assert(!log.includes(basic({ username: "alice", password: text }).slice(6)), "The log has credentials");
  }
});

Deno.test("no web page creates or revokes a token with the password that a browser remembers", async () => {
  using app = await openTeamApp();
  const alice = app.as(ALICE);
  const { id } = await (await alice("/v2/_skerry/tokens", { method: "POST" })).json();
  for (const Origin of ["https://attacker.test", "null", URL_OF_APP]) {
    const made = await alice("/v2/_skerry/tokens", { method: "POST", headers: { Origin }, body: "{}" });
    assertEquals(await failureIn(made), [403, "DENIED"]);
    const ended = await alice(`/v2/_skerry/tokens/${id}`, { method: "DELETE", headers: { Origin } });
    assertEquals(await failureIn(ended), [403, "DENIED"]);
  }
  const { tokens } = await (await alice("/v2/_skerry/tokens")).json();
  assertEquals(tokens.map((token: { id: string }) => token.id), [id]);
});
