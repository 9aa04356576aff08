import type { Caller } from "../registry/interface.ts";
import type { Client } from "./access/mod.ts";
import type { Answer, BodyBudget } from "./http/mod.ts";
import type { Route, RouteKind } from "./route.ts";

/** Handler of one kind of route. `caller` is authorized; `client` is the origin. `errors.ts` answers its errors. */
export type Handler<Kind extends RouteKind> = (
  route: Route<Kind>,
  request: Request,
  caller: Caller,
  client: Client,
) => Answer | Promise<Answer>;

/** Limits of requests. */
export interface RequestLimits {
  /** Bytes of the largest manifest. */
  maxManifestSize: number;
  /** Milliseconds without a byte after which a request body is given up; what an upload has taken by then stays. */
  uploadIdleTimeout: number;
  /** Room for the bodies that are held in memory; by default for 64 MiB, or two of the largest manifests. */
  bodies?: BodyBudget;
  /** Memory for the bodies of forms and JSON, which require no login; 16 MiB by default. */
  forms?: BodyBudget;
  /** Aborted when the process stops: an upload keeps what its request has brought by then, other bodies are given up. */
  stop?: AbortSignal;
}

/** Limits of requests, with memory for bodies. */
export type BodyLimits = RequestLimits & Required<Pick<RequestLimits, "bodies" | "forms">>;
