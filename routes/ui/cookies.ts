import { parse, serialize } from "hono/utils/cookie";

/** Cookie with the session. Its prefix ties it to this host and to HTTPS or localhost (RFC 6265bis §4.1.3.2). */
export const SESSION_COOKIE = "__Host-skerry-session";

/** Cookie that a login begins with. */
export const LOGIN_COOKIE = "__Host-skerry-login";

/** Cookie with the secrets of a login at a provider, until the browser comes back from there. */
export const PROVIDER_COOKIE = "__Host-skerry-provider";

/** Name of a cookie of the registry. */
export type CookieName = typeof SESSION_COOKIE | typeof LOGIN_COOKIE | typeof PROVIDER_COOKIE;

/** Value of a cookie of the request; `undefined` without it. */
export function readCookie(headers: Headers, name: CookieName): string | undefined {
  const header = headers.get("Cookie");
  return header === null ? undefined : parse(header, name)[name];
}

/**
 * `Set-Cookie` with a value for at most `seconds`; 0 deletes the cookie. Scripts cannot read it, and other sites send it
 * only by a link to a page: a login at a provider comes back that way.
 */
export function setCookie(name: CookieName, value: string, seconds: number): string {
  return serialize(name, value, {
    path: "/",
    secure: true,
    httpOnly: true,
    sameSite: "Lax",
    maxAge: seconds,
  });
}
