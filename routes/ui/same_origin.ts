import { RegistryError } from "../../oci/mod.ts";
import type { RawUrl } from "../http/mod.ts";

/**
 * Refuses a form that no page of this registry has sent. Browsers tell where a request comes from: in `Sec-Fetch-Site`
 * (Fetch Metadata) to hosts that they trust, and in `Origin` (RFC 6454 §7) with every POST.
 *
 * `host` is the configured host of the registry, which a proxy may request under another one.
 *
 * @throws {RegistryError} 403
 */
export function requireSameOrigin(headers: Headers, url: Pick<RawUrl, "authority">, host: string): void {
  const site = headers.get("Sec-Fetch-Site");
  const origin = headers.get("Origin");
  if (site !== null && site !== "same-origin") throw foreignForm();
  if (origin === null) {
    if (site === null) throw foreignForm();
    return;
  }
  const from = URL.parse(origin);
  if (from === null || !/^https?:$/.test(from.protocol) || from.origin !== origin.toLowerCase()) {
    throw foreignForm();
  }
  // `URL` leaves out the default port of the scheme; `Host` may have it.
  const hosts = [url.authority, host].map((authority) => URL.parse(`${from.protocol}//${authority}`)?.host);
  if (!hosts.includes(from.host)) throw foreignForm();
}

/**
 * Refuses a change without a login at a host that another site could name: its page could make the browser send requests
 * to this registry under its own name (DNS rebinding). No name can be given to `localhost` and to IP addresses.
 *
 * @throws {RegistryError} 403
 */
export function requireUnboundHost({ authority }: Pick<RawUrl, "authority">): void {
  const host = URL.parse(`http://${authority}`)?.hostname ?? "";
  if (host === "localhost" || /^[\d.]+$/.test(host) || host.startsWith("[")) return;
  throw new RegistryError(
    "DENIED",
    "Changes in the web UI need accounts (auth in the configuration), or the registry's IP address in place of its name",
  );
}

function foreignForm(): RegistryError {
  return new RegistryError("DENIED", "The form was not sent by a page of this registry: open the page again");
}
