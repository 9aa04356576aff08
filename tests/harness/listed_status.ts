import { assert } from "@std/assert";
import type { RouteKind } from "../../routes/mod.ts";
import { COMMON_STATUSES, ENDPOINTS } from "../../routes/testing/parts.ts";

/** Statuses of a request without a route: malformed, unknown path, other method, query too long. */
const UNPARSED = [400, 404, 405, 414];

/**
 * Fails if the endpoint table has no such status for this kind of request. Every app of the harness checks each of its
 * answers, so a handler's new status fails the tests until it has a place in the table.
 */
export function assertListed(kind: RouteKind | undefined, status: number): void {
  const listed = kind === undefined
    ? UNPARSED
    : ENDPOINTS[kind].flatMap(([, , , ...statuses]) => statuses).concat(COMMON_STATUSES);
  assert(
    listed.includes(status),
    `${status} is not in the rows of ${kind ?? "a malformed request"} in routes/endpoints.ts`,
  );
}
