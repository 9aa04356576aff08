import type { HonoBase } from "hono/hono-base";
import { isAccountTokenId } from "../auth/start.ts";
import { endpoint, refusal } from "./answering.ts";
import type { DeferredAccountTokens } from "./account_tokens.ts";
import { getBase } from "./base.ts";
import { pathsOf, type RouteKind, type ServiceKind } from "./endpoints.ts";
import type { BodyHandler, RequestLimits } from "./handler.ts";
import { getLiveness, getReadiness, getStartup } from "./health.ts";
import { getHome } from "./home.ts";
import type { Parameters } from "./http/mod.ts";
import { type AdmissionOptions, type AppEnv, type AppHandler, bodyLimit, compose } from "./middleware/mod.ts";
import { parsePage } from "./page_request.ts";
import { methodNotAllowed, noSuchPath } from "./refusals.ts";
import type { ReadRoute, Route } from "./route.ts";
import type { DeferredTokens } from "./token.ts";

/** Dependencies of {@linkcode addServices}. */
export interface ServiceOptions extends AdmissionOptions {
  /** True if the storage is reachable (readiness probe). */
  ready: () => Promise<boolean>;
  /** Warnings for the operator although it is ready: each a line of `/readyz`. */
  warnings?: () => Promise<string[]>;
  /** Limits of requests. */
  limits: RequestLimits;
  /** Makes tokens. */
  tokens?: DeferredTokens;
  /** Manages account tokens. */
  accountTokens?: DeferredAccountTokens;
}

/**
 * Adds `/v2/` and the paths beside the specification: page, probes, token endpoint, JWK set, and account tokens. `around`
 * adds the middleware to a handler.
 */
export function addServices(
  app: HonoBase<AppEnv>,
  options: ServiceOptions,
  around: (handler: AppHandler) => AppHandler,
): void {
  const { ready, warnings, limits, tokens, accountTokens } = options;
  const limitBody = bodyLimit(limits);
  const handle = <Kind extends RouteKind>(readRoute: ReadRoute<Kind>, handler: BodyHandler<Kind>) =>
    around(endpoint(options, readRoute, handler));
  const handleBody = <Kind extends RouteKind>(
    what: string,
    readRoute: ReadRoute<Kind>,
    handler: BodyHandler<Kind>,
  ) => around(compose([limitBody(what)], endpoint(options, readRoute, handler)));

  app.get("/v2/", handle(only("base"), getBase()));
  app.get("/v2", handle(only("base"), getBase()));
  app.get("/", handle(only("home"), getHome()));
  app.get("/livez", handle(only("live"), getLiveness()));
  app.get("/readyz", handle(only("ready"), getReadiness(ready, warnings)));
  app.get("/startupz", handle(only("startup"), getStartup(ready)));

  const getToken = lazily(async () => (await importTokens()).getToken(tokens));
  const postToken = lazily(async () => (await importTokens()).postToken(tokens));
  const getJwks = lazily(async () => (await importTokens()).getJwks(tokens));
  app.get("/token", handle(readTokenRoute, getToken));
  app.post("/token", handleBody("Form", only("postToken"), postToken));
  app.get("/.well-known/jwks.json", handle(only("getJwks"), getJwks));

  const list = lazily(async () => (await importAccountTokens()).listAccountTokens(accountTokens));
  const create = lazily(async () => (await importAccountTokens()).createAccountToken(accountTokens));
  const revoke = lazily(async () => (await importAccountTokens()).revokeAccountToken(accountTokens));
  app.get("/v2/_skerry/tokens", handle(readTokensRoute, list));
  app.post("/v2/_skerry/tokens", handleBody("Body", only("createAccountToken"), create));
  app.delete("/v2/_skerry/tokens/:id", handle(readRevocationRoute, revoke));

  for (const kind of FIXED_PATHS) {
    for (const path of pathsOf(kind)) app.all(path, around(refusal(otherMethod(only(kind)))));
  }
  app.all("/v2/_skerry/tokens/:id", around(refusal(otherMethod(readRevocationRoute))));
}

/** One kind of each path without a placeholder. */
const FIXED_PATHS = [
  "base",
  "home",
  "live",
  "ready",
  "startup",
  "getToken",
  "getJwks",
  "listAccountTokens",
] as const satisfies ServiceKind[];

// Not literal, so that Deno does not load at every start what only some registries need.
const importTokens = (): Promise<typeof import("./token.ts")> =>
  import(new URL("token.ts", import.meta.url).href);
const importAccountTokens = (): Promise<typeof import("./account_tokens.ts")> =>
  import(new URL("account_tokens.ts", import.meta.url).href);

/** A handler that is made for the first request of its kind. */
function lazily<Kind extends RouteKind>(make: () => Promise<BodyHandler<Kind>>): BodyHandler<Kind> {
  let made: Promise<BodyHandler<Kind>> | undefined;
  return async (...args) => (await (made ??= make()))(...args);
}

/**
 * Reader of a route without values. The raw path must be that of the endpoint: the router of an outer app decodes the path,
 * and may add a prefix.
 */
function only<Kind extends ServiceKind>(kind: Kind): (method: string, path: string) => { kind: Kind } {
  const paths = pathsOf(kind);
  return function readOnlyKind(_method, path) {
    if (!paths.includes(path)) throw noSuchPath();
    return { kind };
  };
}

/** Reader for the other methods of a path: throws 404 if `readRoute` does, and 405 otherwise. */
function otherMethod(
  readRoute: (method: string, path: string) => { kind: ServiceKind },
): ReadRoute<never> {
  return function refuseMethod(method, path) {
    throw methodNotAllowed(readRoute(method, path).kind);
  };
}

/** `GET /token`, with the supported parameters of https://distribution.github.io/distribution/spec/auth/token/. */
function readTokenRoute(method: string, path: string, parameters: Parameters): Route<"getToken"> {
  const { kind } = only("getToken")(method, path);
  // Hono answers HEAD like GET, and a token without its body is of no use.
  if (method === "HEAD") throw methodNotAllowed(kind);
  const service = parameters.one("service");
  const client = parameters.one("client_id");
  return {
    kind,
    scopes: parameters.all("scope"),
    offline: parameters.one("offline_token") === "true",
    ...(service === undefined ? {} : { service }),
    ...(client === undefined ? {} : { client }),
  };
}

/** `GET /v2/_skerry/tokens`. */
function readTokensRoute(method: string, path: string, parameters: Parameters): Route<"listAccountTokens"> {
  return { ...only("listAccountTokens")(method, path), page: parsePage(parameters) };
}

/** `DELETE /v2/_skerry/tokens/<id>`. */
function readRevocationRoute(_method: string, path: string): Route<"revokeAccountToken"> {
  const [, id] = /^\/v2\/_skerry\/tokens\/([^/]+)$/.exec(path) ?? [];
  if (id === undefined || !isAccountTokenId(id)) throw noSuchPath();
  return { kind: "revokeAccountToken", id };
}
