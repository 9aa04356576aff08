import { observer } from "../../telemetry/observer.ts";
import { RegistryError } from "../../oci/mod.ts";

/** 429 for a login that must wait. */
export function tooManyLogins(waitMs: number): RegistryError {
  observer?.refused("logins");
  return new RegistryError("TOOMANYREQUESTS", "Too many logins: wait before the next attempt", {
    headers: { "Retry-After": String(Math.ceil(waitMs / 1000)) },
  });
}
