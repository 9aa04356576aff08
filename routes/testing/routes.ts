/**
 * Requests for tests of their routes.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { Hono } from "hono";
import { RegistryError } from "../../oci/mod.ts";
import { fakeApp } from "../../tests/harness/app.ts";
import { parametersOf, splitUrl } from "../http/mod.ts";
import type { AppEnv } from "../middleware/mod.ts";
import { parseRoute, type Route } from "../route.ts";

const HEX = "a".repeat(64);

/** Digest of a supported algorithm. */
export const SHA256 = `sha256:${HEX}`;

/** Digest of the other supported algorithm. */
export const SHA512 = `sha512:${"b".repeat(128)}`;

/** Digest of an unsupported algorithm. */
export const BLAKE3 = `blake3:${HEX}`;

/** Methods of the specification, others of HTTP, one in lower case, and an unknown one. */
export const METHODS = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "CONNECT",
  "get",
  "FOO",
] as const;

/** Route of a request, with path and query as they are on the wire. */
export function parse(method: string, path: string): Record<string, unknown> {
  return { ...parseUrl(method, `http://registry.example:5000${path}`) };
}

/** Route of a request for a whole URL. */
export function parseUrl(method: string, url: string): Route {
  const raw = splitUrl(url);
  return parseRoute(method, raw.path, parametersOf(raw));
}

/** Fails unless the request is refused with this status and code. */
export function assertRefused(method: string, path: string, status: number, code: string): RegistryError {
  const error = assertThrows(() => parse(method, path), RegistryError, undefined, `${method} ${path}`);
  assertEquals([error.status, error.code], [status, code], `${method} ${path}`);
  return error;
}

/** Reading of a request by an app. */
export interface Reading {
  /** Route of the request; `undefined` if the request is refused before. */
  route: Route | undefined;
  status: number;
  /** `Allow` of the answer. */
  allow: string | null;
}

const inner = fakeApp({});

/** Routes that the app has read. */
const routes = new WeakMap<Request, Route | undefined>();

const outer = new Hono<AppEnv>({ getPath: ({ url }) => splitUrl(url).path })
  .use(async (c, next) => {
    await next();
    routes.set(c.req.raw, c.get("skerry")?.route);
  })
  .route("/", inner.app)
  .notFound((c) => inner.app.fetch(c.req.raw));

/** Reads a request like an app: every endpoint, with method and target as a server hands them on. */
export async function readRequest(method: string, target: string): Promise<Reading> {
  const url = `http://registry.example:5000${target}`;
  const request = new Request("http://registry.example:5000/");
  // `new Request()` would normalize them.
  Object.defineProperties(request, { method: { value: method }, url: { value: url } });
  const response = await outer.fetch(request);
  await response.body?.cancel();
  inner.entries.length = 0;
  return { route: routes.get(request), status: response.status, allow: response.headers.get("Allow") };
}
