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

/** Limits of requests. */
export interface RequestLimits {
  /** Maximum bytes of a manifest. */
  maxManifestSize: number;
  /** Milliseconds without a byte after which a request body is aborted. An upload keeps the bytes it has received. */
  uploadIdleTimeout: number;
  /** Memory for buffered bodies; 64 MiB by default, or two of the largest manifests if that is more. */
  bodies?: BodyBudget;
  /** Memory for the bodies of forms and JSON, which need no login; 16 MiB by default. */
  forms?: BodyBudget;
  /** Aborted when the process stops: all request bodies are aborted. An upload keeps the bytes it has received. */
  stop?: AbortSignal;
}

/** Limits of requests, with memory for bodies. */
export type BodyLimits = RequestLimits & Required<Pick<RequestLimits, "bodies" | "forms">>;
