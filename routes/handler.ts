import type { Caller } from "../registry/interface.ts";
import type { Client } from "./access/mod.ts";
import type { Answer, BodyBudget } from "./http/mod.ts";
import type { Route, RouteKind } from "./route.ts";

/** Handler of one kind of route. `caller` is authorized; `client` is the origin. `errors.ts` renders its errors. */
export type Handler<Kind extends RouteKind> = (
  route: Route<Kind>,
  request: Request,
  caller: Caller,
  client: Client,
) => Answer | Promise<Answer>;

/** Handler behind `bodyLimit()`: reads the request body with `readBody` only. */
export type BodyHandler<Kind extends RouteKind> = (
  ...args: [...Parameters<Handler<Kind>>, readBody: ReadBody]
) => Answer | Promise<Answer>;

/**
 * Runs `parse` with the whole body of the request.
 *
 * @throws {RegistryError} 413 above the limit, 408 if the body arrives too slowly, 503 without room in memory.
 */
export type ReadBody = <T>(parse: (bytes: Uint8Array<ArrayBuffer>) => T) => Promise<T>;

/** Limits of requests. */
export interface RequestLimits {
  /** Maximum bytes of a manifest. */
  maxManifestSize: number;
  /** Milliseconds without a byte after which a request body is aborted. An upload keeps the bytes it has received. */
  uploadIdleTimeout: number;
  /** Fraction of the default memory for bodies, for one of several processes that share it. */
  share?: number;
  /**
   * Memory for buffered bodies; 64 MiB by default, or two of the largest manifests if that is more. The app sets it, so
   * that an app that follows can share it.
   */
  bodies?: BodyBudget;
  /** Memory for the bodies of forms and JSON, which need no login; 16 MiB by default. The app sets it too. */
  forms?: BodyBudget;
  /** Aborted when the process stops: all request bodies are aborted. An upload keeps the bytes it has received. */
  stop?: AbortSignal;
}
