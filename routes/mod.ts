/**
 * HTTP in, HTTP out: one file for each resource of distribution-spec, over the `Registry` interface.
 *
 * @module
 */
import type { Audit } from "../auth/interface.ts";
import { RegistryError, unavailable } from "../oci/mod.ts";
import { type Caller, UNRESTRICTED_CALLER } from "../registry/interface.ts";
import { type Access, audited, type Client, requirementOf, UNAUTHENTICATED_CALLER } from "./access/mod.ts";
import { type Answer, discardBody, lengthOf, splitUrl, toResponse } from "./http/mod.ts";
import { type Failure, failureOf } from "./errors.ts";
import { createHandlers, handle, type HandlerOptions } from "./handlers.ts";
import { requestIds, type RequestLog } from "./request_log.ts";
import { parseRoute, type Route } from "./route.ts";

export type { Access, Client } from "./access/access.ts";
export { createChallenge } from "./access/challenge.ts";
export { type RequestLog, withoutProbes } from "./request_log.ts";
export type { RawUrl } from "./http/raw_url.ts";
export { parseRoute, type Route, type RouteFacts, type RouteKind } from "./route.ts";
export type { HandlerOptions } from "./handlers.ts";
export type { RequestLimits } from "./handler.ts";
export type { BodyBudget, BodyBudgetOptions, BodyHold } from "./http/body_budget.ts";
export type { CredentialOptions, DeferredCredentials } from "./credentials.ts";
export type { Demand } from "./access/requirement.ts";
export type { DeferredTokens, TokenOptions } from "./token.ts";

/** Options of an app. */
export interface AppOptions extends HandlerOptions {
  /** Takes one entry for every request, when its answer has been sent. */
  log: (entry: RequestLog) => void;
  /** Authentication and authorization. Without it every request is allowed. */
  access?: Access;
  /** Called for every change that a request has made. */
  audit?: Audit;
  /** False while changes can't be told to the audit; they are refused then. Always true by default. */
  auditReady?: () => boolean;
}

/** Part of `Deno.serve`'s information about a request that the app uses. */
export type RequestInfo = Partial<Pick<Deno.ServeHandlerInfo, "completed" | "remoteAddr">>;

/** Answers requests. */
export interface App {
  /** For `Deno.serve`; never rejects. */
  fetch(request: Request, info?: RequestInfo): Response | Promise<Response>;
  /** For tests: the answer to a request for a path. */
  request(path: string, init?: RequestInit): Response | Promise<Response>;
}

/** Seconds after which a client may repeat a change that was refused because of the audit. */
const AUDIT_RETRY_SECONDS = 5;

/** Characters of a path that a log can bear. */
const MAX_LOGGED_PATH = 512;

/** The registry's HTTP interface: `Deno.serve({ automaticCompression: false }, app.fetch)`. */
export function createApp(options: AppOptions): App {
  const { access, audit, auditReady } = options;
  const handlers = createHandlers(options);
  const nextId = requestIds();

  /** The caller of a request, whose changes are told to the audit. */
  async function admit(route: Route, request: Request, client: Client, id: string): Promise<Caller> {
    const needed = requirementOf(route);
    const isAdmitted = access !== undefined && needed.need !== "nothing";
    const caller = isAdmitted
      ? await access.admit(needed, request, client)
      : access === undefined
      ? UNRESTRICTED_CALLER
      : UNAUTHENTICATED_CALLER;
    if (access === undefined) client.principal = caller.name;
    if (audit === undefined || request.method === "GET" || request.method === "HEAD") return caller;
    if (needed.need !== "login" && auditReady?.() === false) {
      throw unavailable("Changes are refused: the audit log cannot be written", {
        seconds: AUDIT_RETRY_SECONDS,
      });
    }
    return audited(caller, audit, id, client.address);
  }

  async function fetch(request: Request, info: RequestInfo = {}): Promise<Response> {
    const time = Date.now();
    const started = performance.now();
    const id = nextId();
    const { method } = request;
    const peer = peerOf(info);
    const client: Client = { peer, address: peer };
    const url = splitUrl(request.url);
    // Only `parseRoute` decides on the route of a request: there is no router.
    let route: Route | undefined;
    let failure: Failure | undefined;
    let answer: Answer;
    try {
      checkHost(request.headers.get("host"), url.authority);
      route = parseRoute(method, url);
      const caller = await admit(route, request, client, id);
      answer = await handle(handlers, route, request, caller, client);
    } catch (thrown) {
      failure = failureOf(thrown, id, route?.kind);
      answer = failure.answer;
    }
    const { status, body } = answer;
    const isHead = method === "HEAD";
    const log = () => {
      options.log({
        time,
        method,
        route: route?.kind,
        path: url.path.slice(0, MAX_LOGGED_PATH),
        status,
        bytes: isHead ? 0 : lengthOf(answer),
        duration: performance.now() - started,
        id,
        principal: client.principal,
        address: client.address,
        error: failure?.error,
      });
    };
    // A blob goes out long after its headers are made. Everything else is as good as sent.
    if (body instanceof ReadableStream && info.completed) info.completed.then(log, log);
    else log();
    if (method !== "GET" && !isHead) await discardBody(request);
    return toResponse(answer, id, isHead);
  }

  return { fetch, request: (path, init) => fetch(new Request(`http://localhost${path}`, init)) };
}

function peerOf({ remoteAddr }: RequestInfo): string | undefined {
  return remoteAddr !== undefined && "hostname" in remoteAddr ? remoteAddr.hostname : undefined;
}

/**
 * Rejects an invalid `Host` (RFC 9112 §3.2) and an invalid authority in the target. The raw URL begins with one of
 * them, so a slash, a question mark or a hash in it would change the path that is parsed.
 */
function checkHost(host: string | null, authority: string): void {
  if (AUTHORITY.test(authority) && (host === null || host === authority || AUTHORITY.test(host))) return;
  throw new RegistryError("UNSUPPORTED", "Host of the request is malformed", { status: 400 });
}

const AUTHORITY = /^[A-Za-z0-9._~:[\]-]*$/;
export type { Challenge, TokenError } from "./access/challenge.ts";
