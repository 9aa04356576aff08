import type { RegistryError } from "../../oci/mod.ts";
import { loginPath } from "./layout.tsx";
import type { Page } from "./page.tsx";
import { plain } from "./pages/components/mod.ts";
import type { Viewer } from "./viewer.ts";

/** Title of the error page of each status. */
const TITLES: Readonly<Record<number, string>> = {
  400: "Bad request",
  403: "Not allowed",
  404: "Page not found",
  405: "Method not allowed",
  408: "Request timed out",
  409: "Changed in the meantime",
  412: "Changed in the meantime",
  413: "Request too large",
  414: "Address too long",
  429: "Too many requests",
  503: "Temporarily unavailable",
  507: "The disk is full",
};

/** Page that tells the viewer of an error. `id` finds the request in the log. */
export function errorPage(
  { status, message, headers }: RegistryError,
  viewer: Viewer,
  path: string,
  id: string,
): Page {
  const title = TITLES[status] ?? "Something went wrong";
  const seconds = Number(headers["Retry-After"]);
  const mayHelp = (status === 404 || status === 403) && viewer.account === undefined && viewer.canLogIn;
  return {
    title,
    status,
    headers,
    body: (
      <>
        <h1>{title}</h1>
        <p>{`${plain(message)}.`}</p>
        {seconds > 0 && <p>{`Try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.`}</p>}
        {mayHelp && (
          <p>
            <a href={loginPath(path)}>Log in</a> to see what your account may see.
          </p>
        )}
        <p>
          <a href="/">Go to the repositories</a>
        </p>
        <p class="request-id">
          Request <code>{id}</code>
        </p>
      </>
    ),
  };
}
