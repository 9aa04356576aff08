import { RegistryError } from "../oci/errors.ts";
import { methodsBeside, type RouteKind } from "./endpoints.ts";

/** The 404 of a path without an endpoint. */
export function noSuchPath(): RegistryError {
  return new RegistryError("UNSUPPORTED", "No such path", { status: 404 });
}

/** The 405 of a path that has the endpoint of `kind`. */
export function methodNotAllowed(kind: RouteKind): RegistryError {
  return new RegistryError("UNSUPPORTED", "Method not allowed", {
    headers: { Allow: methodsBeside(kind) },
  });
}

/**
 * Returns `kind` for GET and HEAD.
 *
 * @throws {RegistryError} 405 for another method.
 */
export function readOnly<Kind extends RouteKind>(method: string, kind: Kind): Kind {
  if (method === "GET" || method === "HEAD") return kind;
  throw methodNotAllowed(kind);
}
