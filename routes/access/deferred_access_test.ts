import { assertEquals, assertRejects } from "@std/assert";
import { ANONYMOUS, type AuthConfig } from "../../auth/interface.ts";
import { RequestRates } from "../../auth/mod.ts";
import { RegistryError } from "../../oci/mod.ts";
import { readRequest } from "../testing/routes.ts";
import { type Access, type Client, UNAUTHENTICATED_CALLER } from "./access.ts";
import { createChallenge } from "./challenge.ts";
import { deferredAccess } from "./deferred_access.ts";
import { createGuard } from "./guard.ts";
import { requirementOf } from "./requirement.ts";

const CONFIG: AuthConfig = {
  url: "https://registry.example",
  service: "registry.example",
  challenge: "bearer",
  tokenLifetime: 900_000,
  refreshLifetime: 86_400_000,
  issuers: [],
  administrators: [],
  groups: {},
  policies: [],
  limits: { requestsPerMinute: 0, failedLogins: 5, openUploads: 100, openUploadBytes: 1000 },
};

/** Asks for access as a request does. */
async function ask(access: Access, target: string, headers: HeadersInit = {}, peer?: string) {
  const [method, path] = target.split(" ") as [string, string];
  const needed = requirementOf((await readRequest(method, path)).route!);
  if (needed.need === "nothing") throw new Error(`"${target}" is public`);
  const client: Client = { peer, address: undefined };
  const caller = await access.admit(needed, new Request("http://localhost", { headers }), client);
  return { caller, client };
}

/** Guard that knows no credentials. */
function emptyGuard(config: AuthConfig): Access {
  return createGuard({
    authenticator: { identify: () => ({ principal: ANONYMOUS }) },
    allows: () => false,
    hasAccount: () => false,
    tokensDecide: false,
    challenge: createChallenge(config),
    rates: new RequestRates({ perMinute: 0 }),
    addressOf: (_headers, peer) => peer,
  });
}

/** Opened access control that admits every request. */
const OPEN: Access = { admit: () => Promise.resolve(UNAUTHENTICATED_CALLER) };

Deno.test("deferredAccess() refuses a request without credentials like the guard, before it is open", async () => {
  for (const challenge of ["bearer", "basic"] as const) {
    const config = { ...CONFIG, challenge };
    const deferred = deferredAccess(config, () => Promise.reject(new Error("Opened for nothing")));
    for (const target of ["GET /v2/", "GET /v2/_catalog", "GET /v2/_skerry/tokens"]) {
      const refused = await assertRejects(() => ask(deferred, target, {}, "192.0.2.1"), RegistryError);
      const expected = await assertRejects(
        () => ask(emptyGuard(config), target, {}, "192.0.2.1"),
        RegistryError,
      );
      assertEquals([refused.status, refused.message, refused.headers], [
        expected.status,
        expected.message,
        expected.headers,
      ]);
    }
  }
});

Deno.test("deferredAccess() opens for every request that may be admitted, limited or forwarded", async () => {
  const limits = { ...CONFIG.limits, requestsPerMinute: 60 };
  const proxy = {
    trusted: ["10.0.0.0/8"],
    identityHeader: "X-Client",
    forwardedFor: false,
    forwardedHost: false,
  };
  const cases: [Partial<AuthConfig>, string, HeadersInit, string | undefined][] = [
    [{}, "GET /v2/", { Authorization: "Basic Og==" }, "192.0.2.1"],
    [{}, "GET /v2/team/app/tags/list", {}, "192.0.2.1"],
    [{}, "GET /token", {}, "192.0.2.1"],
    [{}, "GET /v2/", {}, undefined],
    [{ limits }, "GET /v2/", {}, "192.0.2.1"],
    [{ proxy }, "GET /v2/", {}, "10.0.0.1"],
  ];
  for (const [config, target, headers, peer] of cases) {
    const access = deferredAccess({ ...CONFIG, ...config }, () => Promise.resolve(OPEN));
    assertEquals((await ask(access, target, headers, peer)).caller, UNAUTHENTICATED_CALLER, target);
  }
});

Deno.test("deferredAccess() leaves every request to the opened access control", async () => {
  let opened = 0;
  const access = deferredAccess(CONFIG, () => {
    opened++;
    return Promise.resolve(OPEN);
  });
  await ask(access, "GET /v2/team/app/tags/list", {}, "192.0.2.1");
  assertEquals((await ask(access, "GET /v2/", {}, "192.0.2.1")).caller, UNAUTHENTICATED_CALLER);
  assertEquals(opened, 1);
});
