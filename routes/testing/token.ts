/**
 * An app that makes tokens, for tests of how they are asked for.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { ANONYMOUS, type Principal } from "../../auth/interface.ts";
import { TokenService, type TokenServiceOptions } from "../../auth/mod.ts";
import { RegistryError, unavailable } from "../../oci/mod.ts";
import type { Registry } from "../../registry/interface.ts";
import { fakeApp } from "../../tests/harness/app.ts";
import { UNAUTHENTICATED_CALLER } from "../access/mod.ts";
import type { TokenOptions } from "../token.ts";

export const NOW = 1_700_000_000_123;
export const ALICE: Principal = { kind: "user", name: "user:alice", credential: "hash" };
export const BASIC = { Authorization: `Basic ${btoa("alice:secret")}` };
export const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
export const JWT = "urn:ietf:params:oauth:token-type:jwt";
export const PASSWORD = { grant_type: "password", username: "alice", password: "secret" };

/** An app whose tokens are the names of whose they are, and what it was asked. */
export function make(
  options: Partial<TokenOptions> = {},
  parts: Partial<TokenServiceOptions> = {},
  registry: Partial<Registry> = {},
) {
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
        return Promise.resolve(token === "skrr_good" ? { principal: ALICE } : undefined);
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
      if (subjectToken === "good") return Promise.resolve({ token: "workload password", expiresIn: 7200 });
      throw new RegistryError("UNAUTHORIZED", "Token is not valid");
    },
    ...options,
  };
  const { request, app, entries } = fakeApp(registry, {
    tokens: () => Promise.resolve(tokens),
    access: {
      admit: (_needed, _request, client) => {
        client.address = client.peer ?? "192.0.2.1";
        return Promise.resolve(UNAUTHENTICATED_CALLER);
      },
    },
  });
  const get = (query: string, headers: HeadersInit = {}) => request(`/token${query}`, { headers });
  const post = (form: Record<string, string> | string | [string, string][], headers: HeadersInit = {}) =>
    request("/token", { method: "POST", body: new URLSearchParams(form), headers });
  return { request, app, entries, get, post, calls };
}

/** Asserts that no cache may store the response. */
export function assertSecret(response: Response): void {
  assertEquals(response.headers.get("Cache-Control"), "no-store");
  assertEquals(response.headers.get("Pragma"), "no-cache");
}

/** An error in the forms of both RFC 6749 §5.2 and distribution-spec. */
export async function oauthError(response: Response): Promise<[number, string, string]> {
  assertSecret(response);
  assertEquals(response.headers.get("Content-Type"), "application/json");
  const { error, error_description, errors, ...rest } = await response.json();
  assertEquals(rest, {});
  assertEquals(errors.map(({ message }: { message: string }) => message), [error_description]);
  return [response.status, error, errors[0].code];
}
