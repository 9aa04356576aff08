import { RegistryError } from "../oci/mod.ts";
import type { Caller } from "../registry/interface.ts";

/**
 * Refuses every other caller than an administrator.
 *
 * @throws {RegistryError} `DENIED` if the caller is no administrator.
 */
export function assertAdministers(caller: Caller): void {
  if (caller.administers !== true) throw new RegistryError("DENIED", "Only an administrator may do this");
}

/** Error for what the configuration does not have. */
export function noSuchPath(): RegistryError {
  return new RegistryError("UNSUPPORTED", "No such path", { status: 404 });
}
