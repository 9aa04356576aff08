/**
 * Callers with less than all rights.
 *
 * @module
 */
import type { Caller } from "../../registry/mod.ts";
import type { Action } from "../../oci/mod.ts";

/** A caller that may do these things: everywhere, or only in some repositories. */
export function callerWith(actions: Action[], repositories?: string[], name = "user:limited"): Caller {
  const may: Caller["may"] = (action, repository) =>
    actions.includes(action) && (repositories?.includes(repository) ?? true);
  return { name, may, sees: (repository) => may("pull", repository) };
}

/** Caller that may add tags but not move them. */
export const CREATOR: Caller = callerWith(["pull", "push"], undefined, "user:creator");
