import type { LoginAttempt } from "../../../auth/oidc/mod.ts";
import { PROVIDER_COOKIE, readCookie, SESSION_COOKIE, setCookie } from "../cookies.ts";
import type { UiProvider } from "../options.ts";
import { noSuchPage, type ShowPage } from "../page_route.ts";
import { cookieMissing } from "./cookie_missing.ts";
import { type OpenLogins, requireLogins } from "./open_logins.ts";
import { returnPath } from "./return_to.ts";

/** Seconds that a login at the provider may take. */
const ATTEMPT_SECONDS = 10 * 60;

/** A login that has begun, and the path to which it returns. */
type Begun = LoginAttempt & { returnTo: string };

/**
 * `GET /login/provider`: sends the browser to the provider. It is a link and no form, because the content security policy
 * of the page would not let a form lead to another host.
 */
export function beginAtProvider(open: OpenLogins): ShowPage {
  return async function beginAtProvider({ parameters }) {
    const provider = await requireProvider(open);
    const returnTo = returnPath(parameters.one("return_to"));
    const { url: location, attempt } = await provider.begin();
    const cookie = writeBegun({ ...attempt, returnTo });
    return { location, cookies: [setCookie(PROVIDER_COOKIE, cookie, ATTEMPT_SECONDS)] };
  };
}

/**
 * `GET /login/callback`: the browser comes back from the provider. A success uses up the cookie of the attempt.
 */
export function finishAtProvider(open: OpenLogins, url: string | undefined): ShowPage {
  return async function finishAtProvider({ query, headers, client }) {
    const provider = await requireProvider(open);
    const begun = readBegun(readCookie(headers, PROVIDER_COOKIE));
    if (begun === undefined) throw cookieMissing(url);
    const { returnTo, ...attempt } = begun;
    const agent = headers.get("User-Agent") ?? "";
    const callback = new URLSearchParams(query);
    const { session, lifetime } = await provider.finish(callback, attempt, { client, agent });
    return {
      location: returnTo,
      cookies: [
        setCookie(SESSION_COOKIE, session, Math.floor(lifetime / 1000)),
        setCookie(PROVIDER_COOKIE, "", 0),
      ],
    };
  };
}

async function requireProvider(open: OpenLogins): Promise<UiProvider> {
  const { provider } = await requireLogins(open);
  if (provider === undefined) throw noSuchPage();
  return provider;
}

function writeBegun({ state, nonce, verifier, returnTo }: Begun): string {
  return [state, nonce, verifier, encodeURIComponent(returnTo)].join(".");
}

/** The form of a cookie: three random values without a dot, and an encoded path. */
const BEGUN = /^([\w-]{32,128})\.([\w-]{32,128})\.([\w-]{32,128})\.(.+)$/;

function readBegun(cookie = ""): Begun | undefined {
  const [, state, nonce, verifier, path] = BEGUN.exec(cookie) ?? [];
  if (state === undefined || nonce === undefined || verifier === undefined) return undefined;
  return { state, nonce, verifier, returnTo: returnPath(decoded(path!)) };
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
