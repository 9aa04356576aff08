import { RegistryError } from "../../oci/mod.ts";
import { answerError, answering } from "../answering.ts";
import { getBase } from "../base.ts";
import { pathsOf } from "../endpoints.ts";
import type { Handler } from "../handler.ts";
import type { Parameters } from "../http/mod.ts";
import { type AppHandler, authorize, type Middleware, readWith } from "../middleware/mod.ts";
import { readOnly } from "../refusals.ts";
import { registryHandler, type RegistryRouteOptions } from "../registry_route.ts";
import { parseRoute, type Route, type RouteKind } from "../route.ts";
import { anonymousAccess } from "./anonymous_access.ts";
import { createCaching, NO_CACHING } from "./caching.ts";
import { hostTest } from "./host.ts";
import { notFound } from "./not_found.ts";
import type { PublicFaceOptions } from "./options.ts";

/** Kinds of requests that the public face answers. A new kind is refused until it is listed here. */
const PUBLIC_KINDS = [
  "base",
  "getBlob",
  "getManifest",
  "listTags",
  "getTagHistory",
  "listReferrers",
  "listRepositories",
  "discover",
] as const satisfies RouteKind[];

type PublicKind = typeof PUBLIC_KINDS[number];

/**
 * Answers the requests for public hosts, all others are left to `next`. The face only takes rights away: `Authorization`
 * is ignored, and every request gets the rights of an anonymous client.
 */
export function publicFace(options: RegistryRouteOptions, face: PublicFaceOptions): Middleware {
  const isForPublicHost = hostTest(face);
  const answer = publicRoute(options, face);
  return function publicFace(c, next) {
    const isPublic = isForPublicHost(c.req.raw.headers, c.get("skerry"));
    if (typeof isPublic === "boolean") return isPublic ? answer(c) : next();
    return isPublic.then((yes) => yes ? answer(c) : next(), (error) => answerError(error, c));
  };
}

/**
 * Answers a request for a public host. Content that does not exist, content that is not public, and every other request
 * have the same 404.
 */
function publicRoute(
  options: RegistryRouteOptions,
  { rights, caching = NO_CACHING }: PublicFaceOptions,
): AppHandler {
  const access = anonymousAccess(rights);
  const withCaching = createCaching(caching);
  const handle = publicHandler(options);
  return answering(async function publicRoute(exchange, request) {
    try {
      const route = readWith(readPublicRoute, exchange, request);
      await authorize(exchange, request, { access });
      return withCaching(route, await handle(route, request, exchange.caller!, exchange.client));
    } catch (error) {
      if (isTold(error)) throw error;
      // The answer to an error depends on the route.
      exchange.route = undefined;
      throw notFound();
    }
  });
}

/** Reads a route of the public face. */
function readPublicRoute(method: string, path: string, parameters: Parameters): Route<PublicKind> {
  if (pathsOf("base").includes(path)) return { kind: readOnly(method, "base") };
  const route = parseRoute(method, path, parameters);
  if (isPublicRoute(route)) return route;
  throw notFound();
}

function isPublicRoute(route: Route): route is Route<PublicKind> {
  return (PUBLIC_KINDS as readonly RouteKind[]).includes(route.kind);
}

function publicHandler(options: RegistryRouteOptions): Handler<PublicKind> {
  const handleBase = getBase();
  const handlePull = registryHandler(options);
  return function handlePublic(route, ...request) {
    return route.kind === "base" ? handleBase(route, ...request) : handlePull(route, ...request);
  };
}

/** True for errors that depend on no secret: a condition on content that is public, the rate limit, and outages. */
function isTold(error: unknown): boolean {
  return !(error instanceof RegistryError) || error.status >= 500 || error.status === 412 ||
    error.status === 429;
}
