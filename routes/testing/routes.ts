/**
 * Requests for tests of their routes.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import { splitUrl } from "../http/mod.ts";
import { parseRoute } from "../route.ts";

const HEX = "a".repeat(64);

/** Digest of a supported algorithm. */
export const SHA256 = `sha256:${HEX}`;

/** Digest of the other supported algorithm. */
export const SHA512 = `sha512:${"b".repeat(128)}`;

/** Digest of an unsupported algorithm. */
export const BLAKE3 = `blake3:${HEX}`;

/** Route of a request, with path and query as they are on the wire. */
export function parse(method: string, path: string): Record<string, unknown> {
  return { ...parseRoute(method, splitUrl(`http://registry.example:5000${path}`)) };
}

/** Fails unless the request is refused with this status and code. */
export function assertRefused(method: string, path: string, status: number, code: string): RegistryError {
  const error = assertThrows(() => parse(method, path), RegistryError, undefined, `${method} ${path}`);
  assertEquals([error.status, error.code], [status, code], `${method} ${path}`);
  return error;
}
