import { RegistryError, unavailable } from "../oci/errors.ts";
import { isOutOfDescriptors, StorageFullError, UnavailableError } from "../storage/start.ts";
import { type Answer, jsonAnswer } from "./http/mod.ts";
import { API_VERSION } from "./base.ts";
import { methodsLeftBeside, type RouteKind } from "./endpoints.ts";

/** Answer to a failed request, and its internal error for the log. */
export interface Failure {
  /** Answer for the client. */
  answer: Answer;
  /** Internal error for the log; absent if the client sees the whole error. */
  error?: unknown;
}

/**
 * Answer to an error of a handler, in the format of distribution-spec §"Error Codes".
 *
 * Only a {@linkcode RegistryError} is meant for clients. For any other error the client learns only the id under which
 * the log has the details.
 */
export function failureOf(thrown: unknown, requestId: string, kind?: RouteKind): Failure {
  const error = toRegistryError(thrown, requestId);
  const allow = error.status === 405 ? { Allow: kind === undefined ? "" : methodsLeftBeside(kind) } : {};
  const version = kind === "base" ? API_VERSION : {};
  const answer = jsonAnswer(error.toJSON(), { ...version, ...allow, ...error.headers }, error.status);
  if (error.status >= 500) return { answer, error: thrown };
  return { answer };
}

/**
 * The error for the client: an internal one says no more than the id of its request. Its code is the closest one, because
 * the specification has none.
 */
export function toRegistryError(thrown: unknown, requestId: string): RegistryError {
  if (thrown instanceof RegistryError) return thrown;
  if (thrown instanceof StorageFullError) {
    return new RegistryError("UNSUPPORTED", "The disk of the registry is full", { status: 507 });
  }
  if (isOutOfDescriptors(thrown)) return unavailable("The registry has too many open files");
  if (thrown instanceof UnavailableError) return unavailable("The registry cannot reach its storage");
  return new RegistryError("UNSUPPORTED", `Internal error in request ${requestId}`, { status: 500 });
}
