import type { Exchange } from "../middleware/mod.ts";
import type { PublicFaceOptions } from "./options.ts";

/**
 * Test whether a request is for a public host.
 *
 * The host of a request is not authenticated, and shared caches choose their key by it. So a request is public only if
 * everything that names its host agrees: the target, `Host`, and `X-Forwarded-Host` of a trusted proxy, which takes
 * precedence over both. Otherwise a client could have the public answer stored under the name of the main host.
 */
export function hostTest(
  { hosts, rights }: PublicFaceOptions,
): (headers: Headers, exchange: Exchange) => boolean | Promise<boolean> {
  const names = new Set(hosts);
  const isPublic = (host: string) => names.has(nameOf(host));

  return function isForPublicHost(headers, { url, client }) {
    const host = headers.get("Host");
    const isDirect = isPublic(url.authority) && (host === null || isPublic(host));
    if (rights === undefined || !headers.has("X-Forwarded-Host")) return isDirect;
    return rights().then(({ forwardedHosts }) =>
      forwardedHosts(headers, client.peer)?.every(isPublic) ?? isDirect
    );
  };
}

/** Host name of an authority (RFC 3986 §3.2): without port, in lower case, without the dot of the root zone. */
function nameOf(authority: string): string {
  return authority.replace(/:\d*$/, "").replace(/\.$/, "").toLowerCase();
}
