import { readCookie, SESSION_COOKIE, setCookie } from "../cookies.ts";
import type { FormRequest, ShowPage } from "../page_route.ts";
import { type OpenLogins, requireLogins } from "./open_logins.ts";

/** `POST /logout`: ends the session in all processes, and deletes its cookie. */
export function logOut(open: OpenLogins): ShowPage<FormRequest> {
  return async function logOut({ headers }) {
    const session = readCookie(headers, SESSION_COOKIE);
    if (session !== undefined) await (await requireLogins(open)).logOut(session);
    return { location: "/", cookies: [setCookie(SESSION_COOKIE, "", 0)] };
  };
}
