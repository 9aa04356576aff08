import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Action, RegistryError } from "../../oci/mod.ts";
import { ANONYMOUS, type Principal } from "../principal.ts";
import type { ResourceAccess } from "./scope.ts";
import type { TokenRequest } from "./token_issuer.ts";
import { MIN_LIFETIME_MS, TokenService, type TokenServiceOptions } from "./token_service.ts";

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;
const ALICE: Principal = { kind: "user", name: "user:alice", credential: "hash" };

/** Rights of a name there; any other name may pull public repositories. */
const RIGHTS: Record<string, Record<string, Action[]>> = {
  "user:alice": {
    "team/app": ["pull", "push"],
    "team/old": ["pull", "delete"],
    "mine": ["pull", "push", "overwrite", "delete", "administer"],
    "public": ["pull"],
  },
  "anonymous": { "public": ["pull"] },
};

/** A service over stubs, and the recorded calls to them. */
function make(options: Partial<TokenServiceOptions> = {}) {
  const issued: { principal: Principal; access: readonly ResourceAccess[]; lifetime: number }[] = [];
  const logins: { principal: Principal; client: string }[] = [];
  const redeemed: string[] = [];
  const service = new TokenService({
    service: "registry.test",
    accessTokens: {
      issue(principal, access, lifetime) {
        issued.push({ principal, access, lifetime });
        const issuedAt = NOW;
        return Promise.resolve({ token: `token-${issued.length}`, issuedAt, expiresAt: issuedAt + lifetime });
      },
    },
    refreshTokens: {
      issue(principal, client) {
        logins.push({ principal, client });
        return Promise.resolve(principal.credential && `refresh-${logins.length}`);
      },
      redeem(token, { replace = false } = {}) {
        redeemed.push(token);
        const replacement = replace ? { replacement: `${token}-replaced` } : {};
        return Promise.resolve(token === "refresh-1" ? { principal: ALICE, ...replacement } : undefined);
      },
    },
    policy: {
      allows: ({ name }, action, repository) => RIGHTS[name]?.[repository]?.includes(action) ?? false,
    },
    lifetimeFor: () => HOUR,
    now: () => NOW,
    ...options,
  });
  const grant = (principal: Principal, request: Partial<TokenRequest> = {}) =>
    service.grant(principal, { scopes: [], offline: false, ...request });
  /** Granted part of the scopes. */
  const granted = async (principal: Principal, ...scopes: string[]) =>
    (await grant(principal, { scopes })).scope;
  return { service, grant, granted, issued, logins, redeemed };
}

Deno.test("TokenService.grant() grants the requested scope as far as it is allowed, and returns the granted scope", async () => {
  const { grant, issued } = make();
  const scopes = [
    "repository:team/app:pull,push,delete repository:secret:pull",
    "repository:team/old:delete",
  ];
  assertEquals(await grant(ALICE, { scopes }), {
    token: "token-1",
    scope: "repository:team/app:pull,push repository:team/old:delete",
    expiresIn: 3600,
    issuedAt: NOW,
  });
  assertEquals(
    issued,
    [{
      principal: ALICE,
      access: [
        { type: "repository", name: "team/app", actions: ["pull", "push"] },
        { type: "repository", name: "team/old", actions: ["delete"] },
      ],
      lifetime: HOUR,
    }] as unknown as typeof issued,
  );
});

Deno.test("TokenService.grant() grants at most the requested scope", async () => {
  const { granted } = make();
  assertEquals(await granted(ALICE, "repository:mine:pull"), "repository:mine:pull");
  assertEquals(await granted(ALICE, "repository:mine:delete,push"), "repository:mine:push,delete");
  assertEquals(await granted(ALICE), "");
});

Deno.test("TokenService.grant() grants for a star the allowed part of all actions", async () => {
  const { granted } = make();
  assertEquals(await granted(ALICE, "repository:mine:*"), "repository:mine:pull,push,delete,*");
  assertEquals(await granted(ALICE, "repository:team/app:*"), "repository:team/app:pull,push");
  assertEquals(await granted(ALICE, "repository:team/app:pull,*"), "repository:team/app:pull,push");
  assertEquals(await granted(ANONYMOUS, "repository:public:*"), "repository:public:pull");
  assertEquals(await granted(ANONYMOUS, "repository:team/app:*"), "");
});

Deno.test("TokenService.grant() issues a token without rights if none of the scopes is allowed", async () => {
  const { grant, granted, issued } = make();
  const { token, scope } = await grant(ANONYMOUS, { scopes: ["repository:secret:pull", "nonsense"] });
  assertEquals([token, scope, issued[0]!.access], ["token-1", "", []]);
  assertEquals(await granted(ANONYMOUS, "repository:public:pull,push"), "repository:public:pull");
  assertEquals(await granted(ALICE, "repository:*:pull", "repository:**:pull", "repository:a*:*"), "");
});

Deno.test("TokenService.grant() lets every account list the catalog, which shows only its own repositories", async () => {
  const { granted } = make();
  for (const principal of [ALICE, ANONYMOUS]) {
    assertEquals(await granted(principal, "registry:catalog:*"), "registry:catalog:*");
  }
});

Deno.test("TokenService.grant() issues tokens that expire no later than their principal", async () => {
  const lifetimes = async (lifetime: number, expiresAt?: number) => {
    const { grant, issued } = make({ lifetimeFor: () => lifetime });
    await grant({ ...ALICE, ...(expiresAt !== undefined && { expiresAt }) });
    return issued[0]!.lifetime;
  };
  assertEquals(await lifetimes(HOUR), HOUR);
  assertEquals(await lifetimes(HOUR, NOW + 2 * HOUR), HOUR);
  assertEquals(await lifetimes(HOUR, NOW + 90_000), 90_000);
  assertEquals(await lifetimes(1000), MIN_LIFETIME_MS, "clients believe in no less");
  assertEquals(await lifetimes(1000, NOW + 5000), 5000, "but that bound is safe");
});

Deno.test("TokenService.grant() uses the lifetime of each principal", async () => {
  const { grant, issued } = make({ lifetimeFor: ({ issuer }) => issuer === "github" ? 2 * HOUR : HOUR });
  await grant(ALICE);
  await grant({ kind: "workload", name: "workload:github:x", issuer: "github" });
  assertEquals(issued.map(({ lifetime }) => lifetime), [HOUR, 2 * HOUR]);
});

Deno.test("TokenService.grant() issues a refresh token if requested, and if the principal can have one", async () => {
  const { grant, logins } = make();
  assertEquals((await grant(ALICE)).refreshToken, undefined);
  assertEquals(logins, []);
  assertEquals((await grant(ALICE, { offline: true, client: "docker" })).refreshToken, "refresh-1");
  assertEquals((await grant(ALICE, { offline: true })).refreshToken, "refresh-2");
  assertEquals(logins.map(({ client }) => client), ["docker", ""]);
  assertEquals("refreshToken" in await grant(ANONYMOUS, { offline: true }), false);
});

Deno.test("TokenService.grant() rejects another service before it issues anything", async () => {
  const { service, grant, issued, logins } = make();
  assertEquals(service.service, "registry.test");
  for (const other of ["other.test", "", "Registry.test", "registry.test "]) {
    const error = await assertRejects(
      () => grant(ALICE, { service: other, offline: true }),
      RegistryError,
      "Unknown service",
    );
    assertEquals(error.status, 400);
    assertThrows(() => service.checkService(other), RegistryError);
  }
  assertEquals([issued, logins], [[], []]);
  assert(await grant(ALICE, { service: "registry.test" }));
  service.checkService(undefined);
});

Deno.test("TokenService.grant() rejects too many scopes before it issues anything", async () => {
  const { grant, issued, logins } = make();
  const scopes = Array.from({ length: 51 }, (_, i) => `repository:a${i}:pull`);
  const error = await assertRejects(() => grant(ALICE, { scopes, offline: true }), RegistryError);
  assertEquals([error.status, issued, logins], [400, [], []]);
});

Deno.test("TokenService.refresh() grants the rights of the owner of the refresh token, and issues no other one", async () => {
  const { service, logins, issued } = make();
  const grant = await service.refresh("refresh-1", {
    scopes: ["repository:team/app:*"],
    client: "docker",
    offline: false,
  });
  assertEquals(grant, {
    token: "token-1",
    scope: "repository:team/app:pull,push",
    expiresIn: 3600,
    issuedAt: NOW,
  });
  assertEquals(issued[0]!.principal, ALICE);
  assertEquals(logins, []);
});

Deno.test("TokenService.refresh() returns another refresh token if requested", async () => {
  const { service, logins } = make();
  const grant = await service.refresh("refresh-1", { scopes: [], offline: true });
  assertEquals(grant.refreshToken, "refresh-1-replaced");
  assertEquals(logins, []);
});

Deno.test("TokenService.refresh() rejects an invalid refresh token without a reason", async () => {
  const { service, issued } = make();
  const error = await assertRejects(
    () => service.refresh("refresh-2", { scopes: [], offline: true }),
    RegistryError,
  );
  assertEquals([error.status, error.code, issued], [401, "UNAUTHORIZED", []]);
  assert(!error.message.includes("refresh-2"));
});

Deno.test("TokenService.refresh() rejects another service before it reads the refresh token", async () => {
  const { service, redeemed } = make();
  const error = await assertRejects(
    () => service.refresh("refresh-1", { service: "other.test", scopes: [], offline: true }),
    RegistryError,
  );
  assertEquals([error.status, redeemed], [400, []]);
});
