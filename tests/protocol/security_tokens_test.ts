// What somebody tries who has a token, or none, or one of something else: with the parts of a process that is started.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { decodeJwt, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { cached } from "../../cache/mod.ts";
import { ACCESS_TOKEN_TYPE } from "../../auth/access_tokens.ts";
import { TableKeys } from "../../auth/table_keys.ts";
import {
  bytesOf,
  digestOf,
  EMPTY,
  failureIn,
  imageOf,
  pushBlob,
  pushManifest,
  putManifest,
  type Send,
} from "../harness/content.ts";
import { testStores } from "../harness/app.ts";
import { counted } from "../harness/call_counts.ts";
import { OidcIssuer } from "../harness/oidc_issuer.ts";
import { basic, usersOf } from "../harness/secured.ts";
import { openSecuredApp, passwordOf, ROOT, type SecuredApp, URL_OF_APP } from "../harness/secured_app.ts";
import { seeded } from "../random.ts";

const ALICE = passwordOf("alice");

/** One where alice may do everything in `team/**`, bob may pull there, and anybody may pull from `public/**`. */
async function open(more: Record<string, unknown> = {}): Promise<SecuredApp> {
  const app = await openSecuredApp({
    users: await usersOf("alice", "bob"),
    policies: [
      {
        repositories: ["team/**"],
        allow: [
          { to: ["user:alice"], actions: ["pull", "push", "overwrite", "delete"] },
          { to: ["user:bob"], actions: ["pull"] },
        ],
      },
      { repositories: ["public/**"], allow: [{ to: ["anonymous"], actions: ["pull"] }] },
    ],
    ...more,
  });
  const root = app.as(ROOT);
  for (const repository of ["team/app", "team/other", "public/app"]) {
    await pushBlob(root, repository, EMPTY);
    await pushManifest(root, repository, imageOf(repository), "latest");
  }
  return app;
}

const LIST = "/v2/team/app/tags/list";

/** The keys of an app, as it has them itself. */
async function keysOf({ stores }: SecuredApp) {
  const keys = new TableKeys({ table: stores.table, lifetime: 3_600_000, now: Date.now });
  const { kid, key } = await keys.signing();
  const publicKey = await keys.find(kid);
  return { kid, key, publicKey: publicKey! };
}

/** What would be a token of ours to pull `team/app`, signed by `key`, but for some claims and members of the header. */
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

Deno.test("a token of our form that our key has signed is believed, so that what follows is refused for one thing", async () => {
  using app = await open();
  const { kid, key } = await keysOf(app);
  assertEquals((await app.as(`Bearer ${await forge(key, kid)}`)(LIST)).status, 200);
});

Deno.test("CVE-2025-24976: a key that a token brings along verifies nothing, under whatever name", async () => {
  using app = await open();
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
  using app = await open();
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

Deno.test("a token for somebody else, of somebody else, from before or for later is refused", async () => {
  using app = await open();
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

Deno.test("scope confusion: a token is good for what it names, and for no more than its owner may", async () => {
  using app = await open();
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

Deno.test("no token passes for another: login tokens, refresh tokens, secrets and tokens of issuers are no access tokens", async () => {
  await using issuer = await OidcIssuer.start({ audience: "registry.test" });
  using app = await open({ issuers: [{ name: "test", issuer: issuer.url }] });
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

Deno.test("GHSA-qg67-7m6v-qg25: with a token for pushing nobody deletes, with one for deleting nobody pushes", async () => {
  using app = await open();
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

Deno.test("CVE-2025-23208: who is taken out of a group has lost its rights at once, tokens of before included", async () => {
  const policies = [{ repositories: ["team/**"], allow: [{ to: ["group:dev"], actions: ["pull"] }] }];
  const users = await usersOf("alice", "bob");
  using before = await open({ users, policies, groups: { dev: ["user:alice", "user:bob"] } });
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

Deno.test("who is no user any more, or has another password, gets no more tokens", async () => {
  using before = await open();
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

Deno.test("CVE-2026-35172: what was deleted is not read from memory by whoever could read it", async () => {
  const app = await openSecuredApp({
    users: await usersOf("alice"),
    policies: [{
      repositories: ["team/**"],
      allow: [{ to: ["user:alice"], actions: ["pull", "push", "delete"] }],
    }],
  }, { wrap: (registry) => cached(registry, { age: 60_000 }) });
  using _ = app;
  const alice = app.as(ALICE);
  const secret = bytesOf("a layer that is deleted");
  await pushBlob(alice, "team/app", secret);
  const path = `/v2/team/app/blobs/${digestOf(secret)}`;
  assertEquals((await alice(path)).status, 200);
  assertEquals((await alice(path, { method: "DELETE" })).status, 202);
  assertEquals(await failureIn(await alice(path)), [404, "BLOB_UNKNOWN"]);
});

Deno.test("cross-repository reads: what one may not pull is refused before anything of it is looked at, there or not", async () => {
  using app = await open();
  const { as, request, tokenFor } = app;
  const secret = bytesOf("a layer of a private image");
  await pushBlob(as(ROOT), "private/app", secret);
  const digest = digestOf(secret);
  const bob = await tokenFor(passwordOf("bob"), "repository:private/app:pull", "repository:team/app:pull");
  const answers = async (repository: string, authorization?: string) => {
    const send = authorization === undefined ? request : as(authorization);
    const outcomes = [];
    for (
      const [method, path, headers] of [
        ["GET", `blobs/${digest}`, {}],
        ["HEAD", `blobs/${digest}`, {}],
        ["GET", `blobs/${digest}`, { Range: "bytes=0-1" }],
        ["GET", `blobs/${digest}`, { "If-None-Match": `"${digest}"` }],
        ["GET", `referrers/${digest}`, {}],
        ["GET", "manifests/latest", {}],
        ["GET", "tags/list", {}],
        ["GET", "_skerry/tags/history?tag=latest", {}],
        ["GET", "_oci/ext/discover", {}],
      ] as const
    ) {
      const response = await send(`/v2/${repository}/${path}`, { method, headers });
      const text = await response.text();
      const asked = response.headers.get("WWW-Authenticate");
      outcomes.push([response.status, text, asked?.replace(repository, "<name>")]);
    }
    return outcomes;
  };
  for (const authorization of [undefined, passwordOf("bob"), bob]) {
    const there = await answers("private/app", authorization);
    assertEquals(there, await answers("private/nothing", authorization));
    assert(there.every(([status]) => status === (authorization === undefined ? 401 : 403)));
  }
  // The bytes are there, and of no repository that bob may pull from.
  assertEquals((await as(bob)(`/v2/team/app/blobs/${digest}`)).status, 404);
  for (const from of ["&from=private/app", "&from=private/nothing", ""]) {
    const mount = await as(
      await tokenFor(ALICE, "repository:team/app:pull,push", "repository:private/app:pull"),
    )(
      `/v2/team/app/blobs/uploads/?mount=${digest}${from}`,
      { method: "POST" },
    );
    assertEquals(mount.status, 202, from);
  }
});

Deno.test("CVE-2022-46463: the catalog has what the caller may pull, however they have shown who they are", async () => {
  using app = await open();
  const { as, tokenFor } = app;
  const catalog = async (authorization: string) =>
    (await (await as(authorization)("/v2/_catalog")).json()).repositories;
  const everything = ["public/app", "team/app", "team/other"];
  assertEquals(await catalog(ROOT), everything);
  assertEquals(await catalog(await tokenFor(ROOT, "registry:catalog:*")), everything);
  assertEquals(await catalog(ALICE), everything);
  assertEquals(await catalog(await tokenFor(undefined, "registry:catalog:*")), ["public/app"]);
  const bounded = await (await as(ALICE)("/v2/_skerry/tokens", {
    method: "POST",
    body: JSON.stringify({ grants: ["pull:team/app"] }),
  })).json();
  const robot = basic({ username: "alice", password: bounded.secret });
  assertEquals(await catalog(robot), ["team/app"]);
  assertEquals(await catalog(await tokenFor(robot, "registry:catalog:*")), ["team/app"]);
});

Deno.test("CVE-2026-48978, CVE-2026-33540, CVE-2026-50151, CVE-2026-85732: where to log in, and to go on, is never what the client says", async () => {
  using app = await open();
  const headers = {
    Host: "attacker.test",
    "X-Forwarded-Host": "attacker.test",
    "X-Forwarded-Proto": "http",
    Forwarded: "host=attacker.test",
  };
  for (const [name, value] of Object.entries(headers)) {
    const response = await app.request(LIST, { headers: { [name]: value } });
    const challenge =
      `Bearer realm="${URL_OF_APP}/token",service="registry.test",scope="repository:team/app:pull"`;
    assertEquals(response.headers.get("WWW-Authenticate"), challenge);
    await response.body?.cancel();
    const upload = await app.as(ALICE)("/v2/team/app/blobs/uploads/", {
      method: "POST",
      headers: { [name]: value },
    });
    assertMatch(upload.headers.get("Location") ?? "", /^\/v2\/team\/app\/blobs\/uploads\//);
    const page = await app.as(ALICE)("/v2/_catalog?n=1", { headers: { [name]: value } });
    assertEquals(page.headers.get("Link"), '</v2/_catalog?n=1&last=public%2Fapp>; rel="next"');
    await page.body?.cancel();
  }
});

Deno.test("GHSA-c37v-3c8w-crq8: nothing that lets somebody in is ever logged, whatever becomes of it", async () => {
  await using issuer = await OidcIssuer.start({ audience: "registry.test" });
  using app = await open({ issuers: [{ name: "test", issuer: issuer.url }] });
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

/** A change to a text, such as a bad line or a bad hand makes. */
function mutate(text: string, pick: (n: number) => number): string {
  const at = pick(text.length);
  const alphabet = "ABCxyz019-_.=+/ ,\"\\'~%{}:\t";
  const character = alphabet[pick(alphabet.length)]!;
  switch (pick(7)) {
    case 0:
      return text.slice(0, at) + character + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + character + text.slice(at);
    case 3:
      return text.slice(0, at);
    case 4:
      return text.slice(at) + text.slice(0, at);
    case 5:
      return text.replaceAll(".", character);
    default:
      return text + text.slice(0, at);
  }
}

Deno.test("10,000 mutated credentials: none is believed, and none is too much for the registry", async () => {
  await using issuer = await OidcIssuer.start({ audience: "registry.test" });
  using app = await open({
    issuers: [{ name: "test", issuer: issuer.url }],
    limits: { failedLogins: 0 },
    users: await usersOf("bob"),
  });
  const { as, request, tokenFor } = app;
  const bob = passwordOf("bob");
  const token = await tokenFor(bob, "repository:team/app:pull");
  const { secret } = await (await as(bob)("/v2/_skerry/tokens", { method: "POST" })).json();
  const { refresh_token } = await (await as(bob)("/token?offline_token=true")).json();
  const subject = await issuer.mint();
  const shown = [
    token,
    basic({ username: "bob", password: secret }),
    basic({ username: "any", password: subject }),
    `Bearer ${refresh_token}`,
  ];
  const next = seeded(20261127);
  const seen = new Map<number, number>();
  for (let count = 0; count < 10_000; count++) {
    const original = shown[count % shown.length]!;
    let changed = mutate(original, next);
    while (next(10) < 3) changed = mutate(changed, next);
    if (isSame(changed, shown)) continue;
    const headers = headersWith(changed);
    if (headers === undefined) continue; // no client can send that
    const response = await request(LIST, { headers });
    seen.set(response.status, (seen.get(response.status) ?? 0) + 1);
    assertEquals(response.status, 401, `${count}: ${changed}`);
    const challenge = response.headers.get("WWW-Authenticate") ?? "";
    assertMatch(challenge, /^Bearer realm="[^"]+",service="[^"]+",scope="[^"]+"(,error="[a-z_]+")?$/);
    assertEquals((await response.json()).errors[0].code, "UNAUTHORIZED");
  }
  assert(seen.get(401)! > 9000, JSON.stringify([...seen]));
});

/** Whether it says the same as one of these: the scheme in other letters, or the same bytes in base64. */
function isSame(changed: string, originals: string[]): boolean {
  const said = saidBy(changed);
  return originals.some((original) => said === saidBy(original));
}

function saidBy(authorization: string): string {
  const [, scheme = "", rest = ""] = /^(\S*) *(.*?) *$/s.exec(authorization.trim()) ?? [];
  if (scheme.toLowerCase() !== "basic") return `${scheme.toLowerCase()} ${rest}`;
  try {
    const pair = new TextDecoder().decode(Uint8Array.fromBase64(rest));
    // Whoever shows a token of an issuer may be called anything.
    return `basic ${pair.includes(":eyJ") ? pair.slice(pair.indexOf(":")) : pair}`;
  } catch {
    return authorization;
  }
}

function headersWith(authorization: string): Headers | undefined {
  try {
    return new Headers({ Authorization: authorization });
  } catch {
    return undefined;
  }
}

Deno.test("10,000 mutated requests for a token: each gets less than a password's worth, in the form of the specification", async () => {
  using app = await open({ limits: { failedLogins: 0 } });
  const { request, as } = app;
  const { refresh_token } = await (await as(ALICE)("/token?offline_token=true")).json();
  const originals = [
    `grant_type=refresh_token&refresh_token=${refresh_token}&service=registry.test&scope=repository:team/app:pull`,
    "service=registry.test&scope=repository:team/app:pull,push&scope=registry:catalog:*&offline_token=true",
  ];
  const next = seeded(20261128);
  let refused = 0;
  for (let count = 0; count < 10_000; count++) {
    const isForm = count % 2 === 0;
    let changed = mutate(originals[count % 2]!, next);
    while (next(10) < 3) changed = mutate(changed, next);
    const response = isForm
      ? await request("/token", {
        method: "POST",
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
        body: changed,
      })
      : await app.from("192.0.2.9")(`/token?${encodeURI(changed)}`);
    assert(response.status < 500, `${response.status}: ${changed}`);
    const answer = await response.json();
    if (response.status === 200) {
      const { sub } = decodeJwt(answer.access_token);
      const isWhole = new URLSearchParams(changed).getAll("refresh_token").join() === refresh_token;
      assertEquals(sub, isForm && isWhole ? "user:alice" : "anonymous", changed);
      assert(isForm || answer.refresh_token === undefined);
    } else {
      refused++;
      assert([400, 401, 404, 413, 414].includes(response.status), `${response.status}: ${changed}`);
      assertEquals(typeof answer.errors[0].message, "string");
    }
  }
  assert(refused > 3000, `${refused}`);
});

Deno.test("password spraying is slowed, and nobody else is: neither who has a name that is tried nor who shares the address", async () => {
  using app = await open();
  const { from, tokenFor } = app;
  const login = async (address: string, username: string, password: string) => {
    const headers = { Authorization: basic({ username, password }) };
    const response = await from(address)("/token", { headers });
    await response.body?.cancel();
    return response;
  };
  const [home, attacker] = ["192.0.2.7", "198.51.100.66"];
  assertEquals((await login(attacker, "bob", "bob's password")).status, 200); // who is behind the same address
  const token = await tokenFor(ALICE, "repository:team/app:pull");
  const statuses = new Map<number, number>();
  for (let guess = 0; guess < 1000; guess++) {
    const username = ["alice", "bob", "carol", "dave"][guess % 4]!;
    const { status, headers } = await login(attacker, username, `guess ${guess}`);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status === 429) assertMatch(headers.get("Retry-After") ?? "", /^[1-9]\d?$/);
  }
  const looks = statuses.get(401) ?? 0;
  assertEquals(looks + statuses.get(429)!, 1000);
  // Five failures are free, for the address and for the name that is known there; then there is at most one a second.
  assert(looks >= 5 && looks < 20, `${looks} passwords were looked at`);
  assertEquals((await login(attacker, "alice", "alice's password")).status, 429, "not even the right one");
  assertEquals((await login(home, "alice", "alice's password")).status, 200);
  const behind = await from(attacker)(LIST, { headers: { Authorization: token } });
  assertEquals(behind.status, 200);
  await behind.body?.cancel();
});

Deno.test("a pull with a token asks the table for nothing more than one of what is public does", async () => {
  const stores = testStores();
  const { take, ...watched } = counted(stores.objects, stores.table);
  const allow = [{ to: ["anonymous"], actions: ["pull"] }];
  const policies = [
    { repositories: ["public/**"], allow },
    { repositories: ["team/**"], allow: [{ to: ["user:alice"], actions: ["pull"] }] },
  ];
  using app = await openSecuredApp({ users: await usersOf("alice"), policies }, { stores: watched });
  const { as, request, tokenFor } = app;
  for (const repository of ["public/app", "team/app"]) {
    await pushBlob(as(ROOT), repository, EMPTY);
    await pushManifest(as(ROOT), repository, imageOf(repository), "latest");
  }
  const token = as(await tokenFor(ALICE, "repository:team/app:pull"));
  const pull = async (send: Send, repository: string) => {
    take();
    const calls = [];
    for (
      const path of [
        "manifests/latest",
        `manifests/${imageOf(repository).digest}`,
        `blobs/${digestOf(EMPTY)}`,
      ]
    ) {
      for (const method of ["HEAD", "GET"]) {
        const response = await send(`/v2/${repository}/${path}`, { method });
        assertEquals(response.status, 200);
        await response.body?.cancel();
        calls.push(take());
      }
    }
    return calls;
  };
  const open = await pull(request, "public/app");
  assertEquals(open.map(({ table }) => table), [2, 2, 1, 1, 1, 1]);
  assertEquals(await pull(token, "team/app"), open);
});

Deno.test("no page of anybody's makes or ends a token by the password that a browser remembers", async () => {
  using app = await open();
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
