import type { Audit, Caller } from "../../registry/interface.ts";
import { UNRESTRICTED_CALLER } from "../../registry/start.ts";
import { RegistryError, unavailable } from "../../oci/errors.ts";
import { type Access, audited, requirementOf, UNAUTHENTICATED_CALLER } from "../access/mod.ts";
import { parametersOf } from "../http/mod.ts";
import type { ReadRoute } from "../route.ts";
import type { AppContext, Exchange, Middleware } from "./env.ts";

/** Access rules and audit of {@linkcode admission}. */
export interface AdmissionOptions {
  /** Authenticates and authorizes requests; without it every client may do everything. */
  access?: Access;
  /** Receives every change that a request made. */
  audit?: Audit;
  /** False while the audit cannot be written: changes are refused then. Always true by default. */
  auditReady?: () => boolean;
}

/** `Retry-After` in seconds of a change that is refused because the audit log cannot be written. */
const AUDIT_RETRY_SECONDS = 5;

/** Middleware that calls {@linkcode admit}. */
export function admission(options: AdmissionOptions, readRoute: ReadRoute): Middleware {
  return function admission(c, next) {
    const admitted = admit(c, options, readRoute);
    return admitted === undefined ? next() : admitted.then(next);
  };
}

/**
 * Reads the route from the method and the raw URL, and authorizes it, before anything is read for it. The path that Hono
 * matched is not used: the router of an outer app decodes it.
 *
 * Without access rules it returns no promise, because the cost of one is measurable in a pull.
 *
 * @throws {RegistryError} 400 for a malformed host, 414 for a long query, 503 while a change cannot be audited, and as
 * `readRoute` and `access` do.
 */
export function admit(
  c: AppContext,
  options: AdmissionOptions,
  readRoute: ReadRoute,
): Promise<void> | undefined {
  const exchange = c.get("skerry");
  const request = c.req.raw;
  checkHost(request.headers.get("host"), exchange.url.authority);
  exchange.route = readRoute(request.method, exchange.url.path, parametersOf(exchange.url));
  return authorize(exchange, request, options);
}

/** Sets the caller. */
function authorize(
  exchange: Exchange,
  request: Request,
  options: AdmissionOptions,
): Promise<void> | undefined {
  const { access } = options;
  const needed = requirementOf(exchange.route!);
  const setCaller = (caller: Caller) => {
    exchange.caller = withAudit(caller, needed.need === "login", exchange, request, options);
  };
  if (access === undefined) exchange.client.principal = UNRESTRICTED_CALLER.name;
  else if (needed.need !== "nothing") return access.admit(needed, request, exchange.client).then(setCaller);
  setCaller(access === undefined ? UNRESTRICTED_CALLER : UNAUTHENTICATED_CALLER);
}

/** Caller whose changes go to the audit log. If the log cannot be written, only reads and logins are accepted. */
function withAudit(
  caller: Caller,
  isLogin: boolean,
  { id, client }: Exchange,
  { method }: Request,
  { audit, auditReady }: AdmissionOptions,
): Caller {
  if (audit === undefined || method === "GET" || method === "HEAD") return caller;
  if (!isLogin && auditReady?.() === false) {
    throw unavailable("Changes are refused: the audit log cannot be written", {
      seconds: AUDIT_RETRY_SECONDS,
    });
  }
  return audited(caller, audit, id, client.address);
}

/**
 * Refuses a malformed `Host` (RFC 9112 §3.2) or authority. The URL of a request begins with it as it came, so a slash, a
 * question mark or a hash in it would change the path that other code reads from the URL.
 */
function checkHost(host: string | null, authority: string): void {
  if (AUTHORITY.test(authority) && (host === null || host === authority || AUTHORITY.test(host))) return;
  throw new RegistryError("UNSUPPORTED", "Host of the request is malformed", { status: 400 });
}

const AUTHORITY = /^[A-Za-z0-9._~:[\]-]*$/;
