import type { Context, MiddlewareHandler as HonoMiddleware } from "hono";
import type { Caller } from "../../registry/interface.ts";
import type { Client } from "../access/mod.ts";
import type { ReadBody } from "../handler.ts";
import type { Answer, RawUrl } from "../http/mod.ts";
import type { Route } from "../route.ts";

/** Facts that `Deno.serve` gives about a request. */
export type RequestInfo = Partial<Pick<Deno.ServeHandlerInfo, "completed" | "remoteAddr">>;

/** A request and its answer, as far as they are known: each middleware fills in its part. */
export interface Exchange {
  /** Id of the request, as in `X-Request-Id` and in the log. */
  id: string;
  /** Client, and the authenticated account. */
  client: Client;
  /** Parts of the raw URL. */
  url: RawUrl;
  /** Parsed method and URL; absent if they are malformed. */
  route?: Route;
  /** Authorized caller. */
  caller?: Caller;
  /** Reads the body, if the endpoint has a limit for it. */
  readBody?: ReadBody;
  /** Answer before it became a `Response`. */
  answer?: Answer;
  /** Error that only the operator sees: an outage or a bug. */
  error?: unknown;
}

/** Environment of the app: `Deno.serve` passes the bindings. A single variable, so that it collides with no other app's. */
export interface AppEnv {
  /** Second argument of `fetch`. */
  Bindings: RequestInfo;
  /** Set for each request of the registry: `c.get("skerry")`. */
  Variables: {
    /** The request and its answer. */
    skerry: Exchange;
  };
}

/** Middleware of the app. */
export type Middleware = HonoMiddleware<AppEnv>;

/** Context of a request. */
export type AppContext = Context<AppEnv>;
