import type { Child } from "hono/jsx";
import { assetUrl } from "./assets.ts";
import { plain } from "./pages/components/mod.ts";
import type { Viewer } from "./viewer.ts";

/** Longest title of a page, in characters. It may contain text of a client. */
const MAX_TITLE_CHARACTERS = 200;

/** Properties of {@linkcode Layout}. */
export interface LayoutProps {
  /** Title of the page. */
  title: string;
  /** Client for which the page is made. */
  viewer: Viewer;
  /** Path of the page, to which a login returns. */
  path: string;
  /** Words of a search, shown in its field. */
  query?: string | undefined;
  /** Content of the `main` element. */
  children?: Child;
}

/** Whole page: header with search and account, content, and footer. */
export function Layout({ title, viewer, path, query, children }: LayoutProps) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${plain(title, MAX_TITLE_CHARACTERS)} · Skerry`}</title>
        <link rel="stylesheet" href={assetUrl("style.css")} />
        <link rel="icon" type="image/svg+xml" href={assetUrl("icon.svg")} />
        <script src={assetUrl("script.js")}></script>
      </head>
      <body>
        <a class="skip-link" href="#main">Skip to the content</a>
        <header class="site-header">
          <a class="brand" href="/">
            <img src={assetUrl("icon.svg")} alt="" width="24" height="24" />
            <span>Skerry</span>
          </a>
          <search>
            <form action="/search" method="get">
              <label for="q" class="visually-hidden">Search</label>
              <input id="q" name="q" type="search" value={query ?? ""} placeholder="Search" maxlength={256} />
              <button type="submit">Search</button>
            </form>
          </search>
          <AccountMenu viewer={viewer} path={path} />
          <button type="button" class="quiet needs-script" data-theme="" aria-label="Theme">◐</button>
        </header>
        <main id="main" tabindex={-1}>{children}</main>
        <footer class="site-footer">
          <a href="/">Repositories</a>
          <span class="host">{viewer.host}</span>
        </footer>
        <div class="toast" role="status"></div>
      </body>
    </html>
  );
}

/** Links of the account that is logged in, or to the login. */
function AccountMenu({ viewer, path }: Pick<LayoutProps, "viewer" | "path">) {
  const { account, canLogIn, isAdministrator } = viewer;
  if (account === undefined && !canLogIn && !isAdministrator) return null;
  return (
    <nav class="account-menu" aria-label="Account">
      {isAdministrator && <a href="/admin">Admin</a>}
      {account !== undefined && <a href="/account">{account.label}</a>}
      {account !== undefined && canLogIn && (
        <form action="/logout" method="post">
          <button type="submit">Log out</button>
        </form>
      )}
      {account === undefined && canLogIn && <a href={loginPath(path)}>Log in</a>}
    </nav>
  );
}

/** Path of the login that returns to a page. */
export function loginPath(path: string): string {
  return path === "/" ? "/login" : `/login?return_to=${encodeURIComponent(path)}`;
}
