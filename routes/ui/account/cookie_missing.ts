import { RegistryError } from "../../../oci/mod.ts";

/**
 * The 403 of a login whose cookie the browser has not kept. `url` is the configured URL of the registry.
 */
export function cookieMissing(url: string | undefined): RegistryError {
  const address = url?.startsWith("https:") === true ? `Open ${url}` : "Set up TLS (docs/ui.md)";
  return new RegistryError(
    "DENIED",
    "Your browser has not kept the cookie of the login. Browsers keep it over HTTPS only, except for localhost. " +
      `${address}, or allow cookies for this host`,
  );
}
