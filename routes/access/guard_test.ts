import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { type Authenticator, type Identity, RequestRates } from "../../auth/mod.ts";
import { ANONYMOUS, InvalidTokenError, type Principal, type VerifiedToken } from "../../auth/interface.ts";
import { RegistryError } from "../../oci/mod.ts";
import type { Client } from "./access.ts";
import { createChallenge } from "./challenge.ts";
import { createGuard, type GuardOptions } from "./guard.ts";
import { requirementOf } from "./requirement.ts";
import { readRequest } from "../testing/routes.ts";
import { recording } from "../../telemetry/testing/recording.ts";

const ALICE: Principal = { kind: "user", name: "user:alice" };
const REALM = 'Bearer realm="https://registry.example/token",service="registry.example"';

/** A token for actions in the repository `team/app`. */
function token(principal: Principal, actions: string[], catalog = false): Identity {
  const verified: VerifiedToken = {
    principal,
    expiresAt: Infinity,
    catalog,
    grants: (action, repository) => repository === "team/app" && actions.includes(action),
  };
  return { principal, token: verified };
}

/** Value of `Authorization`, and its principal. */
const IDENTITIES: Record<string, Identity> = {
  "nothing": { principal: ANONYMOUS },
  "alice's password": { principal: ALICE },
  "alice's token to pull": token(ALICE, ["pull"]),
  "alice's token to delete": token(ALICE, ["delete"]),
  "alice's token of the catalog": token(ALICE, [], true),
  "anybody's token": token(ANONYMOUS, []),
};

/** A guard of a registry where alice may pull and push `team/app`, and every client may pull `public`. */
function make(options: Partial<GuardOptions> = {}) {
  const authenticator: Authenticator = {
    identify(headers) {
      const shown = headers.get("Authorization") ?? "nothing";
      if (shown === "forged") throw new InvalidTokenError("Forged");
      if (shown === "wrong") throw new RegistryError("UNAUTHORIZED", "Name or password is wrong");
      return IDENTITIES[shown]!;
    },
  };
  const guard = createGuard({
    authenticator,
    allows: ({ name }, action, repository) =>
      repository === "public" ? action === "pull" : name === "user:alice" && repository === "team/app" &&
        (action === "pull" || action === "push"),
    hasAccount: ({ kind }) => kind === "user",
    tokensDecide: false,
    challenge: createChallenge({
      challenge: "bearer",
      url: "https://registry.example",
      service: "registry.example",
    }),
    rates: new RequestRates({ perMinute: 0 }),
    addressOf: (_headers, peer) => peer,
    ...options,
  });
  const admit = async (target: string, shown = "nothing", address = "192.0.2.1") => {
    const [method, path] = target.split(" ") as [string, string];
    const request = new Request("http://localhost", {
      headers: shown === "nothing" ? {} : { Authorization: shown },
    });
    const needed = requirementOf((await readRequest(method, path)).route!);
    if (needed.need === "nothing") throw new Error("Nobody asks about it");
    const client: Client = { peer: address, address };
    return { caller: await guard.admit(needed, request, client), client };
  };
  /** The status and the challenge of what is refused, 200 and the caller's name where it is not. */
  const outcome = async (target: string, shown?: string): Promise<[number, string | undefined]> => {
    try {
      return [200, (await admit(target, shown)).caller.name];
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      return [error.status, error.headers["WWW-Authenticate"]];
    }
  };
  return { admit, outcome };
}

Deno.test("admit() requests credentials at /v2/ even if everything is public: podman logs in nowhere else", async () => {
  const { outcome } = make();
  assertEquals(await outcome("GET /v2/"), [401, REALM]);
  assertEquals(await outcome("GET /v2/", "anybody's token"), [200, "anonymous"]);
  assertEquals(await outcome("GET /v2/", "alice's password"), [200, "user:alice"]);
});

Deno.test("admit() admits callers with the right, and anonymous ones if none is required", async () => {
  const { outcome } = make();
  assertEquals(await outcome("GET /v2/public/tags/list"), [200, "anonymous"]);
  assertEquals(await outcome("GET /v2/public/tags/list", "alice's password"), [200, "user:alice"]);
  assertEquals(await outcome("GET /v2/team/app/tags/list", "alice's password"), [200, "user:alice"]);
  assertEquals(await outcome("GET /v2/team/app/tags/list", "alice's token to pull"), [200, "user:alice"]);
  assertEquals(await outcome("POST /v2/team/app/blobs/uploads/", "alice's password"), [200, "user:alice"]);
});

Deno.test("admit() asks for credentials where there are none", async () => {
  const { outcome } = make();
  assertEquals(await outcome("GET /v2/team/app/tags/list"), [
    401,
    `${REALM},scope="repository:team/app:pull"`,
  ]);
  assertEquals(await outcome("PUT /v2/public/manifests/a"), [
    401,
    `${REALM},scope="repository:public:pull,push"`,
  ]);
  assertEquals(await outcome("GET /v2/_catalog"), [401, `${REALM},scope="registry:catalog:*"`]);
});

Deno.test("admit() asks for another token where that helps", async () => {
  const { outcome } = make();
  const push = `${REALM},scope="repository:team/app:pull,push",error="insufficient_scope"`;
  assertEquals(await outcome("POST /v2/team/app/blobs/uploads/", "alice's token to pull"), [401, push]);
  assertEquals(await outcome("POST /v2/team/app/blobs/uploads/", "anybody's token"), [401, push]);
  const catalog = `${REALM},scope="registry:catalog:*",error="insufficient_scope"`;
  assertEquals(await outcome("GET /v2/_catalog", "alice's token to pull"), [401, catalog]);
  assertEquals(await outcome("GET /v2/_catalog", "alice's token of the catalog"), [200, "user:alice"]);
});

Deno.test("admit() names the account, the action and the repository in a denial", async () => {
  const { admit } = make();
  await assertRejects(
    () => admit("DELETE /v2/team/app/manifests/a", "alice's password"),
    RegistryError,
    'Access denied: "user:alice" may not delete "team/app"',
  );
});

Deno.test("admit() denies requests that no login can permit", async () => {
  const { outcome } = make();
  for (const shown of ["alice's password", "alice's token to delete"]) {
    assertEquals(await outcome("DELETE /v2/team/app/manifests/a", shown), [403, undefined], shown);
    assertEquals(await outcome("GET /v2/other/tags/list", shown), [403, undefined], shown);
  }
});

Deno.test("admit() does not extend current rights by an older token", async () => {
  const { outcome } = make({ allows: () => false });
  assertEquals(await outcome("GET /v2/team/app/tags/list", "alice's token to pull"), [403, undefined]);
});

Deno.test("admit() decides by the token alone if an external server issues the tokens", async () => {
  const { outcome } = make({ allows: () => false, tokensDecide: true });
  assertEquals(await outcome("DELETE /v2/team/app/manifests/a", "alice's token to delete"), [
    200,
    "user:alice",
  ]);
  assertEquals((await outcome("GET /v2/team/app/tags/list", "alice's token to delete"))[0], 401);
});

Deno.test("admit() refuses credentials that are wrong where none are needed", async () => {
  const { outcome } = make();
  const pull = `${REALM},scope="repository:public:pull"`;
  assertEquals(await outcome("GET /v2/public/tags/list", "wrong"), [401, pull]);
  assertEquals(await outcome("GET /v2/public/tags/list", "forged"), [401, `${pull},error="invalid_token"`]);
});

Deno.test("admit() bounds the requests of a principal, of an address without one, and of one that shows forged tokens", async () => {
  const { admit } = make({ rates: new RequestRates({ perMinute: 2 }) });
  const path = "GET /v2/public/tags/list";
  await admit(path, "alice's password", "192.0.2.1");
  await admit("GET /v2/team/app/tags/list", "alice's token to pull", "192.0.2.2");
  const refused = await assertRejects(() => admit(path, "alice's password", "192.0.2.3"), RegistryError);
  assertEquals([refused.status, refused.headers["Retry-After"]], [429, "30"]);
  await admit(path, "nothing", "192.0.2.1");
  await assertRejects(() => admit(path, "forged", "192.0.2.1"), RegistryError, "not valid");
  await assertRejects(() => admit(path, "forged", "192.0.2.1"), RegistryError, "Rate limit exceeded");
  await assertRejects(() => admit(path, "nothing", "192.0.2.1"), RegistryError, "Rate limit exceeded");
  await admit(path, "nothing", "192.0.2.9");
});

Deno.test("admit() creates one caller for a token that is used repeatedly", async () => {
  const { admit } = make();
  const path = "GET /v2/team/app/tags/list";
  const [first, second] = [
    await admit(path, "alice's token to pull"),
    await admit(path, "alice's token to pull"),
  ];
  assertStrictEquals(first.caller, second.caller);
});

Deno.test("admit() reports rejected credentials to telemetry, and no missing ones or missing rights", async () => {
  using events = recording();
  const { outcome } = make();
  await outcome("GET /v2/team/app/tags/list");
  await outcome("GET /v2/team/app/tags/list", "alice's password");
  await outcome("GET /v2/other/tags/list", "alice's password");
  assertEquals(events.take(), []);
  await outcome("GET /v2/", "wrong");
  await outcome("GET /v2/", "forged");
  assertEquals(events.take(), ["loginFailed password", "loginFailed token"]);
});
