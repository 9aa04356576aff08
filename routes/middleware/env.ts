import type { Context } from "hono";
import type { Caller } from "../../registry/interface.ts";
import type { Client } from "../access/mod.ts";
import type { ReadBody } from "../handler.ts";
import type { Answer, RawUrl } from "../http/mod.ts";
import type { UiKind } from "../endpoints.ts";
import type { Route } from "../route.ts";

/** Facts about a request from the server, such as `Deno.serve`. */
export type RequestInfo = Partial<Pick<Deno.ServeHandlerInfo, "completed" | "remoteAddr">> & {
  /** Takes the number of bytes of the answer's body. */
  sending?(bytes: number): void;
};

/**
 * A request and its answer, as far as they are known: each middleware fills in its part. All properties exist from the
 * start, because V8 needs more memory and time for those that are added later.
 */
export interface Exchange {
  /** Id of the request, as in `X-Request-Id` and in the log. */
  id: string;
  /** Client, and the authenticated account. */
  client: Client;
  /** Parts of the raw URL. */
  url: RawUrl;
  /** Parsed method and URL; `undefined` if they are malformed. */
  route: Route | undefined;
  /** Kind of a request for the web UI, which has no route. */
  ui: UiKind | undefined;
  /** Authorized caller. */
  caller: Caller | undefined;
  /** Reads the body, if the endpoint has a limit for it. */
  readBody: ReadBody | undefined;
  /** Answer before it became a `Response`. */
  answer: Answer | undefined;
  /** Bytes of the answer's body: 0 if the request is a HEAD. */
  bytes: number;
  /** Error that only the operator sees: an outage or a bug. */
  error: unknown;
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

/** Context of a request. */
export type AppContext = Context<AppEnv>;

/** Answers the requests of a path. */
export type AppHandler = (c: AppContext) => Promise<Response>;

/** Does its part of a request, and answers what `next` answers. */
export type Middleware = (c: AppContext, next: () => Promise<Response>) => Promise<Response>;
