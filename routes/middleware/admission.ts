import type { Audit, Caller } from "../../registry/interface.ts";
import { UNRESTRICTED_CALLER } from "../../registry/start.ts";
import { RegistryError, unavailable } from "../../oci/errors.ts";
import {
  type Access,
  audited,
  type Requirement,
  requirementOf,
  UNAUTHENTICATED_CALLER,
} from "../access/mod.ts";
import { parametersOf, type RawUrl } from "../http/mod.ts";
import type { ReadRoute, Route, RouteKind } from "../route.ts";
import type { Exchange } from "./env.ts";

/** Access rules and audit of {@linkcode authorize}. */
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

/**
 * Reads the route of the request from its method and its raw URL. The path that Hono matched is not used: the router of
 * an outer app decodes it.
 *
 * @throws {RegistryError} 400 for a malformed host, 414 for a long query, and as `readRoute` does.
 */
export function readWith<Kind extends RouteKind>(
  readRoute: ReadRoute<Kind>,
  exchange: Exchange,
  { method, headers }: Request,
): Route<Kind> {
  checkHost(headers, exchange.url);
  const route = readRoute(method, exchange.url.path, parametersOf(exchange.url));
  exchange.route = route as Route;
  return route;
}

/**
 * Authorizes the route of the request and sets the caller, before anything is read for it.
 *
 * Without access rules it returns no promise, because the cost of one is measurable in a pull.
 *
 * @throws {RegistryError} 503 while a change cannot be audited, and as `access` does.
 */
export function authorize(
  exchange: Exchange,
  request: Request,
  options: AdmissionOptions,
): Promise<void> | undefined {
  const needed = requirementOf(exchange.route!);
  if (options.access === undefined) {
    exchange.client.principal = UNRESTRICTED_CALLER.name;
    exchange.caller = withAudit(UNRESTRICTED_CALLER, needed, exchange, request, options);
  } else if (needed.need === "nothing") {
    exchange.caller = withAudit(UNAUTHENTICATED_CALLER, needed, exchange, request, options);
  } else {
    return options.access.admit(needed, request, exchange.client).then((caller) => {
      exchange.caller = withAudit(caller, needed, exchange, request, options);
    });
  }
}

/** Caller whose changes go to the audit log. If the log cannot be written, only reads and logins are accepted. */
export function withAudit(
  caller: Caller,
  { need }: Pick<Requirement, "need">,
  { id, client }: Pick<Exchange, "id" | "client">,
  { method }: Pick<Request, "method">,
  { audit, auditReady }: AdmissionOptions,
): Caller {
  if (audit === undefined || method === "GET" || method === "HEAD") return caller;
  if (need !== "login" && auditReady?.() === false) {
    throw unavailable("Changes are refused: the audit log cannot be written", {
      seconds: AUDIT_RETRY_SECONDS,
    });
  }
  return audited(caller, audit, id, client.address);
}

/**
 * Refuses a malformed `Host` (RFC 9112 §3.2) or authority. The URL of a request begins with it as it came, so a slash, a
 * question mark or a hash in it would change the path that other code reads from the URL.
 *
 * @throws {RegistryError} 400
 */
export function checkHost(headers: Headers, { authority }: RawUrl): void {
  const host = headers.get("host");
  if (AUTHORITY.test(authority) && (host === null || host === authority || AUTHORITY.test(host))) return;
  throw new RegistryError("UNSUPPORTED", "Host of the request is malformed", { status: 400 });
}

const AUTHORITY = /^[A-Za-z0-9._~:[\]-]*$/;
