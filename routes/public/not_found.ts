import { RegistryError } from "../../oci/errors.ts";

/** The 404 of everything that the public face does not answer. `NAME_UNKNOWN`, because clients report it as not found. */
export function notFound(): RegistryError {
  return new RegistryError("NAME_UNKNOWN", "Not found");
}
