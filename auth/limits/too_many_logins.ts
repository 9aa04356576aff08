import { RegistryError } from "../../oci/mod.ts";

/** 429 for a login that must wait `wait` milliseconds. */
export function tooManyLogins(wait: number): RegistryError {
  return new RegistryError("TOOMANYREQUESTS", "Too many logins: wait before the next attempt", {
    headers: { "Retry-After": String(Math.ceil(wait / 1000)) },
  });
}
