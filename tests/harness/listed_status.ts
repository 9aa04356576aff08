import { assert } from "@std/assert";
import type { RequestLog, RouteKind } from "../../routes/mod.ts";
import { COMMON_STATUSES, ENDPOINTS } from "../../routes/testing/parts.ts";

/** Statuses of a request without a route: malformed, unknown path, other method, query too long. */
const UNPARSED = [400, 404, 405, 414];

/** Statuses of the web UI, whose pages have no row in the table. */
const OF_UI: Readonly<Record<"page" | "form" | "asset", readonly number[]>> = {
  page: [200, 303, 400, 404, 405, 414],
  form: [200, 303, 400, 404, 405, 408, 409, 412, 413],
  asset: [200],
};

/** True if the endpoint table has this status for this kind of request. */
export function isListed(kind: RouteKind | undefined, status: number): boolean {
  if (kind === undefined) return UNPARSED.includes(status);
  return COMMON_STATUSES.includes(status) ||
    ENDPOINTS[kind].some(([, , , ...statuses]) => statuses.includes(status));
}

/** True if a page or a form of the web UI answers with this status. */
export function isOfPage(status: number): boolean {
  return [...COMMON_STATUSES, ...OF_UI.page, ...OF_UI.form].includes(status);
}

/**
 * Fails if the endpoint table has no such status for this kind of request. Every app of the harness checks each of its
 * answers, so a handler's new status fails the tests until it has a place in the table.
 */
export function assertListed(kind: RequestLog["route"], status: number): void {
  assert(
    kind !== undefined && isOfUi(kind)
      ? [...COMMON_STATUSES, ...OF_UI[kind]].includes(status)
      : isListed(kind, status),
    `${status} is not in the rows of ${kind ?? "a malformed request"} in routes/endpoints.ts`,
  );
}

function isOfUi(kind: NonNullable<RequestLog["route"]>): kind is keyof typeof OF_UI {
  return Object.hasOwn(OF_UI, kind);
}
