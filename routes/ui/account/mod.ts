/**
 * Login, logout, and the viewer's own account.
 *
 * @module
 */
import { formAt, pageAt, type PageRoute } from "../page_route.ts";
import type { UiOptions } from "../options.ts";
import { logIn, showLogin } from "./login.tsx";
import { logOut } from "./logout.ts";
import { beginAtProvider, finishAtProvider } from "./provider_login.ts";
import { createToken, revokeToken, showAccount } from "./tokens.tsx";

/** Pages and forms of accounts; none if the registry is open to all. */
export function accountRoutes({ access, url }: UiOptions): PageRoute[] {
  if (access === undefined) return [];
  const open = async () => (await access()).logins;
  return [
    { path: "/login", show: showLogin(open), act: logIn(open, url), isOpen: true },
    pageAt("/login/provider", beginAtProvider(open)),
    pageAt("/login/callback", finishAtProvider(open, url)),
    { path: "/logout", act: logOut(open), isOpen: true },
    pageAt("/account", showAccount(open)),
    formAt("/account/tokens", createToken(open)),
    formAt("/account/tokens/revoke", revokeToken(open)),
  ];
}
