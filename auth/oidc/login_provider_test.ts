// Answers of a provider that a registry must not believe. Logins at a real one: routes/ui/account/provider_login_test.ts.
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import { OidcIssuer, type TokenTricks } from "../../tests/harness/oidc_issuer.ts";
import type { ProviderConfig } from "../auth_config.ts";
import { LoginProvider } from "./login_provider.ts";

const CLIENT_ID = "skerry";

const REDIRECT_URI = "https://registry.test/login/callback";

/** Answer of the token endpoint; by default an ID token with these claims. */
interface TokenAnswer {
  claims?: Record<string, unknown>;
  tricks?: TokenTricks;
  response?: () => Response;
}

/** A provider whose token endpoint answers as each test wants. */
class StrangeProvider implements AsyncDisposable {
  answer: TokenAnswer = {};
  /** Form of the last request for a token. */
  form = new URLSearchParams();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(readonly issuer: OidcIssuer) {
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
      this.form = new URLSearchParams(await request.text());
      const { claims, tricks, response } = this.answer;
      if (response !== undefined) return response();
      const idToken = await issuer.mint({ aud: CLIENT_ID, sub: "alice", ...claims }, tricks);
      return Response.json({ access_token: "x", token_type: "Bearer", id_token: idToken });
    });
    const url = `http://127.0.0.1:${this.#server.addr.port}`;
    issuer.discovery = { authorization_endpoint: `${url}/authorize`, token_endpoint: `${url}/token` };
  }

  static async start(): Promise<StrangeProvider> {
    return new StrangeProvider(await OidcIssuer.start());
  }

  /** The registry's view of it. */
  open(config: Partial<ProviderConfig> = {}, timeout = 20_000): LoginProvider {
    return new LoginProvider({
      name: "company",
      issuer: this.issuer.url,
      clientId: CLIENT_ID,
      scopes: ["openid", "profile"],
      subject: "sub",
      ...config,
    }, { redirectUri: REDIRECT_URI, timeout });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    await this.issuer[Symbol.asyncDispose]();
  }
}

/** Result of a login: the principal's name, or the status of the error. */
async function logIn(strange: StrangeProvider, answer: TokenAnswer = {}): Promise<string | number> {
  const provider = strange.open();
  const { attempt } = await provider.begin();
  const claims = { nonce: attempt.nonce, ...answer.claims };
  strange.answer = { ...answer, claims };
  try {
    return (await provider.finish(new URLSearchParams({ code: "c", state: attempt.state }), attempt)).name;
  } catch (error) {
    if (error instanceof RegistryError) return error.status;
    throw error;
  }
}

Deno.test("LoginProvider.finish() returns the account of a valid ID token, with its claims", async () => {
  await using strange = await StrangeProvider.start();
  const provider = strange.open({ subject: "preferred_username", clientSecret: "secret" });
  const { url, attempt } = await provider.begin();
  assertEquals(new URL(url).searchParams.get("scope"), "openid profile");
  strange.answer = {
    claims: { nonce: attempt.nonce, preferred_username: "Alice", groups: ["devs", 7, {}, "ops"], level: 3 },
  };
  const callback = new URLSearchParams({ code: "the code", state: attempt.state });
  const { kind, name, issuer, claims, claimLists } = await provider.finish(callback, attempt);
  assertEquals([kind, name, issuer], ["oidc", "oidc:Alice", strange.issuer.url]);
  assertEquals([claims!["level"], claims!["sub"]], ["3", "alice"]);
  assertEquals(claimLists, { groups: ["devs", "7", "ops"] });
  assertEquals(strange.form.get("code_verifier"), attempt.verifier);
  assertEquals([strange.form.get("code"), strange.form.get("redirect_uri")], ["the code", REDIRECT_URI]);
});

Deno.test("LoginProvider.finish() refuses an ID token of another login, client or issuer", async () => {
  await using strange = await StrangeProvider.start();
  assertEquals(await logIn(strange), "oidc:alice");
  const past = Math.floor(Date.now() / 1000) - 3600;
  const rows: Record<string, Record<string, unknown>> = {
    "no nonce": { nonce: undefined },
    "another nonce": { nonce: "A".repeat(43) },
    "another client": { aud: "other" },
    "another client beside": { aud: [CLIENT_ID, "other"], azp: "other" },
    "another issuer": { iss: "https://evil.example" },
    "expired": { exp: past, iat: past - 300, nbf: past - 300 },
    "no expiry": { exp: undefined },
    "not yet valid": { nbf: Math.floor(Date.now() / 1000) + 3600 },
    "no subject": { sub: undefined },
    "subject with a colon": { sub: "a:b" },
    "subject with a control character": { sub: "a\u202eb" },
    "empty subject": { sub: "" },
  };
  for (const [name, claims] of Object.entries(rows)) {
    assertEquals(await logIn(strange, { claims }), 403, name);
  }
});

Deno.test("LoginProvider.finish() refuses an ID token that the provider has not signed", async () => {
  await using strange = await StrangeProvider.start();
  for (const signer of ["stranger", "embedded", "publicKey", "unsigned"] as const) {
    assertEquals(await logIn(strange, { tricks: { signer } }), 403, signer);
  }
  assertEquals(await logIn(strange, { tricks: { header: { kid: "unknown" } } }), 403);
});

Deno.test("LoginProvider.finish() refuses other answers of the token endpoint", async () => {
  await using strange = await StrangeProvider.start();
  const rows: Record<string, [() => Response, number]> = {
    "no ID token": [() => Response.json({ access_token: "x", token_type: "Bearer" }), 403],
    "an error": [() => Response.json({ error: "invalid_grant" }, { status: 400 }), 403],
    "HTML": [() => new Response("<html>", { headers: { "Content-Type": "text/html" } }), 403],
    "a redirect": [
      () => new Response(null, { status: 307, headers: { Location: "http://127.0.0.1:9/" } }),
      403,
    ],
    "a huge answer": [
      () => new Response("x".repeat(300_000), { headers: { "Content-Type": "application/json" } }),
      503,
    ],
  };
  for (const [name, [response, status]] of Object.entries(rows)) {
    assertEquals(await logIn(strange, { response }), status, name);
  }
});

Deno.test("LoginProvider.begin() answers 503 while the provider does not answer rightly, and tries again", async () => {
  await using strange = await StrangeProvider.start();
  const provider = strange.open();
  const statusOf = async (opened: LoginProvider) =>
    (await assertRejects(() => opened.begin(), RegistryError)).status;
  for (const quirk of ["down", "huge", "redirect", "html"] as const) {
    strange.issuer.quirk = quirk;
    assertEquals(await statusOf(provider), 503, quirk);
  }
  strange.issuer.quirk = "slow";
  assertEquals(await statusOf(strange.open({}, 100)), 503);
  strange.issuer.quirk = undefined;
  strange.issuer.discovery = { ...strange.issuer.discovery, issuer: "https://evil.example" };
  assertEquals(await statusOf(provider), 503, "another issuer");
  for (const authorization_endpoint of ["http://evil.example/authorize", "javascript:alert(1)", undefined]) {
    strange.issuer.discovery = { authorization_endpoint };
    assertEquals(await statusOf(strange.open()), 503, authorization_endpoint);
  }
  strange.issuer.discovery = { authorization_endpoint: `${strange.issuer.url}/authorize` };
  await provider.begin();
});

Deno.test("LoginProvider() refuses an issuer whose answers could be forged on the way", () => {
  for (const issuer of ["http://idp.example", "ftp://idp.example", "https://user:password@idp.example"]) {
    const config = { name: "a", issuer, clientId: "b", scopes: ["openid"], subject: "sub" };
    assertThrows(() => new LoginProvider(config, { redirectUri: REDIRECT_URI }), TypeError);
  }
});
