import { timingSafeEqual } from "node:crypto";
import { RegistryError } from "../../../oci/mod.ts";
import { LOGIN_COOKIE, readCookie, SESSION_COOKIE, setCookie } from "../cookies.ts";
import type { Page } from "../page.tsx";
import type { FormRequest, ShowPage } from "../page_route.ts";
import type { UiLogins } from "../options.ts";
import { Card, Head } from "../pages/components/mod.ts";
import { cookieMissing } from "./cookie_missing.ts";
import { type OpenLogins, requireLogins } from "./open_logins.ts";
import { returnPath } from "./return_to.ts";

/** Seconds for which a login form can be sent. */
const FORM_SECONDS = 60 * 60;

/** Longest name and password, in characters. */
const MAX_FIELD_CHARACTERS = 4096;

/** `GET /login`: the form. */
export function showLogin(open: OpenLogins): ShowPage {
  return async function showLogin({ parameters }, { account }) {
    const logins = await requireLogins(open);
    const returnTo = returnPath(parameters.one("return_to"));
    if (account !== undefined) return { location: returnTo };
    return loginForm(logins, { returnTo });
  };
}

/**
 * `POST /login`: checks name and password, and starts a session.
 *
 * The form has a random value twice, in a field and in a cookie (double submit): so no other site logs a browser in to
 * an account of its own, and a browser that keeps no cookie of this address is told before it sends its password again.
 */
export function logIn(open: OpenLogins, url?: string): ShowPage<FormRequest> {
  return async function logIn({ form, headers, client }) {
    const logins = await requireLogins(open);
    const returnTo = returnPath(form.one("return_to"));
    checkCookie(form.one("proof") ?? "", readCookie(headers, LOGIN_COOKIE), url);
    const username = fieldOf(form.one("username"));
    const password = fieldOf(form.one("password"));
    const agent = headers.get("User-Agent") ?? "";
    try {
      const session = await logins.logIn({ username, password, client, agent });
      const seconds = Math.floor(logins.lifetime / 1000);
      return {
        location: returnTo,
        cookies: [setCookie(SESSION_COOKIE, session, seconds), setCookie(LOGIN_COOKIE, "", 0)],
      };
    } catch (error) {
      if (!(error instanceof RegistryError) || error.status !== 401 && error.status !== 403) throw error;
      return loginForm(logins, { returnTo, username, problem: error.message });
    }
  };
}

function fieldOf(value = ""): string {
  return value.length > MAX_FIELD_CHARACTERS ? "" : value;
}

function checkCookie(proof: string, cookie: string | undefined, url: string | undefined): void {
  if (cookie === undefined) throw cookieMissing(url);
  const [one, other] = [Buffer.from(proof), Buffer.from(cookie)];
  if (one.byteLength === other.byteLength && timingSafeEqual(one, other)) return;
  throw new RegistryError(
    "DENIED",
    "The login form has expired, or another window has replaced it: open it again",
  );
}

/** The login form, with a new random value, and the link to the provider. */
function loginForm(
  { provider, hasPasswords }: UiLogins,
  { returnTo, username, problem }: { returnTo: string; username?: string; problem?: string },
): Page {
  const proof = crypto.getRandomValues(new Uint8Array(24)).toBase64({ alphabet: "base64url" });
  return {
    title: "Log in",
    status: problem === undefined ? 200 : 403,
    cookies: [setCookie(LOGIN_COOKIE, proof, FORM_SECONDS)],
    body: (
      <>
        <Head title="Log in" />
        {problem !== undefined && <p class="problem" role="alert">{`${problem}.`}</p>}
        <Card>
          {provider !== undefined && (
            <p>
              <a class="button main" href={`/login/provider?return_to=${encodeURIComponent(returnTo)}`}>
                {`Log in with ${provider.name}`}
              </a>
            </p>
          )}
          {hasPasswords && <PasswordForm proof={proof} returnTo={returnTo} username={username ?? ""} />}
        </Card>
      </>
    ),
  };
}

function PasswordForm({ proof, returnTo, username }: { proof: string; returnTo: string; username: string }) {
  return (
    <form action="/login" method="post" class="stacked">
      <input type="hidden" name="proof" value={proof} />
      <input type="hidden" name="return_to" value={returnTo} />
      <label for="username">Name</label>
      <input
        id="username"
        name="username"
        autocomplete="username"
        autocapitalize="none"
        spellcheck={false}
        required
        value={username}
      />
      <label for="password">Password or personal access token</label>
      <input id="password" name="password" type="password" autocomplete="current-password" required />
      <button type="submit" class="main">Log in</button>
    </form>
  );
}
