import { assert, assertEquals, assertRejects } from "@std/assert";
import { StartError } from "../../config/mod.ts";
import { OidcIssuer } from "../../tests/harness/oidc_issuer.ts";
import { openSecuredApp } from "../../tests/harness/secured_app.ts";
import { freePort } from "../../tests/harness/ports.ts";
import { basic } from "../../tests/harness/secured.ts";
import { MisuseError } from "../command.ts";
import { credentialProvider } from "./credential_provider.ts";

const API_VERSION = "credentialprovider.kubelet.k8s.io/v1";

/** Image whose registry answers only at another address, given as `--url`. */
const IMAGE = "registry.test:5000/team/app";

/** Request as kubelet writes it. */
function requestOf(fields: Record<string, unknown> = {}): string {
  return JSON.stringify({
    kind: "CredentialProviderRequest",
    apiVersion: API_VERSION,
    image: IMAGE,
    ...fields,
  });
}

/** The parsed answer to a request. */
// deno-lint-ignore no-explicit-any -- The test compares all of it.
async function answerTo(input: string, url?: string): Promise<any> {
  const lines: string[] = [];
  assertEquals(await credentialProvider(input, (text) => lines.push(text), { url }), 0);
  assertEquals(lines.length, 1);
  return JSON.parse(lines[0]!);
}

/** A server on the loopback interface. */
function serve(handler: (request: Request) => Response | Promise<Response>) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
  return { url: `http://127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** Fails unless the provider rejects the request with this message, which has no part of the token. */
async function assertFails(input: string, url: string | undefined, message: string): Promise<void> {
  const error = await assertRejects(() => credentialProvider(input, () => {}, { url }), StartError, message);
  assertEquals(error.message.includes("secret-of-a-pod"), false);
}

Deno.test("credentialProvider() exchanges the token of a service account for a password that pulls", async () => {
  await using issuer = await OidcIssuer.start();
  using app = await openSecuredApp({
    issuers: [{ name: "cluster", issuer: issuer.url, audiences: ["registry.test"], tokenLifetime: "30m" }],
    policies: [{
      repositories: ["team/**"],
      allow: [{
        to: ["workload:cluster"],
        actions: ["pull"],
        where: { sub: "system:serviceaccount:team:*" },
      }],
    }],
  });
  await using server = serve(async (request) =>
    await app.request(new URL(request.url).pathname, {
      method: request.method,
      headers: request.headers,
      body: await request.text(),
    })
  );
  const tagsFor = async (sub: string) => {
    const token = await issuer.mint({ sub });
    const { auth, cacheDuration, ...rest } = await answerTo(
      requestOf({ serviceAccountToken: token }),
      server.url,
    );
    assertEquals(rest, {
      apiVersion: API_VERSION,
      kind: "CredentialProviderResponse",
      cacheKeyType: "Registry",
    });
    const seconds = Number(/^(\d+)s$/.exec(cacheDuration)?.[1]);
    assert(seconds > 600 && seconds <= 900, cacheDuration); // half of the 30 minutes that remain
    assertEquals(Object.keys(auth), ["registry.test:5000"]);
    const { username, password } = auth["registry.test:5000"];
    assertEquals(username, "workload");
    const authorization = await app.tokenFor(basic({ username, password }), "repository:team/app:pull");
    const { status } = await app.as(authorization)("/v2/team/app/tags/list");
    return status;
  };
  assertEquals(await tagsFor("system:serviceaccount:team:builder"), 404); // permitted, and empty
  assertEquals(await tagsFor("system:serviceaccount:other:builder"), 403);
});

Deno.test("credentialProvider() reports a token that the registry refuses", async () => {
  using app = await openSecuredApp({});
  await using server = serve(async (request) =>
    await app.request("/token", { method: "POST", headers: request.headers, body: await request.text() })
  );
  const message =
    `Cannot get a workload password: ${server.url}/token answered 401, Token is invalid or expired`;
  await assertFails(requestOf({ serviceAccountToken: "a.secret-of-a-pod.b" }), server.url, message);
});

Deno.test("credentialProvider() reports a registry that answers otherwise, redirects or is out of reach", async () => {
  const input = requestOf({ serviceAccountToken: "a.secret-of-a-pod.b" });
  let tokens = 0;
  await using other = serve(() => {
    tokens++;
    return Response.json({ access_token: "x", expires_in: 60 });
  });
  await using server = serve(() => answer.clone());
  let answer = Response.json({ access_token: "", expires_in: 60 });
  await assertFails(input, server.url, `${server.url}/token has no token exchange`);
  answer = new Response("<html>", { status: 502 });
  await assertFails(input, server.url, `${server.url}/token answered 502`);
  answer = new Response(null, { status: 307, headers: { Location: `${other.url}/token` } });
  await assertFails(input, server.url, `Cannot reach ${server.url}/token: `);
  assertEquals(tokens, 0);
  const closed = `http://127.0.0.1:${freePort()}`;
  await assertFails(input, closed, `Cannot reach ${closed}/token: `);
});

Deno.test("credentialProvider() answers without credentials for a pod without a token", async () => {
  for (const fields of [{}, { serviceAccountToken: "" }, { serviceAccountAnnotations: { a: "b" } }]) {
    assertEquals(await answerTo(requestOf(fields)), {
      apiVersion: API_VERSION,
      kind: "CredentialProviderResponse",
      cacheKeyType: "Registry",
      cacheDuration: "0s",
      auth: {},
    });
  }
});

Deno.test("credentialProvider() refuses a request that it cannot read, without showing the token", async () => {
  const serviceAccountToken = "a.secret-of-a-pod.b";
  for (
    const [input, place] of [
      ["", "standard input"],
      ["{secret-of-a-pod", "standard input"],
      ["[]", "standard input"],
      [
        requestOf({ apiVersion: "credentialprovider.kubelet.k8s.io/v1beta1", serviceAccountToken }),
        "apiVersion",
      ],
      [requestOf({ kind: "CredentialProviderResponse", serviceAccountToken }), "kind"],
      [requestOf({ image: 5, serviceAccountToken }), "image"],
      [requestOf({ serviceAccountToken: [serviceAccountToken] }), "serviceAccountToken"],
    ] as const
  ) {
    await assertFails(
      input,
      undefined,
      `Cannot read the request of kubelet: ${place} is not as in ${API_VERSION}`,
    );
  }
});

Deno.test("credentialProvider() takes the registry from the host of the image", async () => {
  for (
    const image of ["", "alpine", "team/app", "/app", "regis try.test/app", "a:b/app", "user@host.test/app"]
  ) {
    await assertFails(requestOf({ image }), undefined, `Cannot find the registry of image "${image}"`);
  }
  // A closed port: the message shows the address that was tried.
  const port = freePort();
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`]) {
    const input = requestOf({ image: `${host}/app`, serviceAccountToken: "a.secret-of-a-pod.b" });
    await assertFails(input, undefined, `Cannot reach https://${host}/token: `);
  }
});

Deno.test("credentialProvider() sends no token in plain text to another machine", async () => {
  const input = requestOf({ serviceAccountToken: "a.secret-of-a-pod.b" });
  for (
    const url of ["http://registry.test", "ftp://registry.test", "registry.test", "https://a:b@registry.test"]
  ) {
    await assertRejects(
      () => credentialProvider(input, () => {}, { url }),
      MisuseError,
      `Expected an https URL for --url, got "${url}"`,
    );
  }
});
