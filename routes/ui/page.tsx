import type { Child } from "hono/jsx";
import { type Answer, NOT_STORED } from "../http/mod.ts";
import { Layout, type LayoutProps } from "./layout.tsx";

/** Page as its handler makes it. The layout is added. */
export interface Page {
  /** Title, which the browser shows after the name of the registry. */
  title: string;
  /** Content of the `main` element, which begins with its only `h1`. */
  body: Child;
  /** Status; 200 by default. */
  status?: number;
  /** Further headers. */
  headers?: Record<string, string>;
  /** Values of `Set-Cookie`. */
  cookies?: readonly string[];
}

/**
 * Content security policy of every page. Scripts, styles and images are files of the registry; no script or style is in
 * the page itself, and pages load nothing from another host.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "connect-src 'self'",
].join("; ");

/** Headers of every answer of the web UI that depends on the viewer. */
export const VIEWER_HEADERS: Readonly<Record<string, string>> = {
  "Cache-Control": NOT_STORED,
  // Not `no-referrer`: a browser would send `Origin: null` with forms, which are refused then.
  "Referrer-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
};

const PAGE_HEADERS: Readonly<Record<string, string>> = {
  ...VIEWER_HEADERS,
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": CONTENT_SECURITY_POLICY,
};

/** Answer with a page in its layout. */
export async function pageAnswer(
  { title, body, status = 200, headers = {} }: Page,
  place: Pick<LayoutProps, "viewer" | "path" | "query">,
): Promise<Answer> {
  const page = await <Layout title={title} {...place}>{body}</Layout>;
  return {
    status,
    headers: { ...PAGE_HEADERS, ...headers },
    body: new TextEncoder().encode(`<!doctype html>\n${page}`),
  };
}

/** Answer that sends the browser to another page with GET (RFC 9110 §15.4.4). `location` is a path of the registry. */
export function redirectTo(location: string, headers: Record<string, string> = {}): Answer {
  return { status: 303, headers: { ...VIEWER_HEADERS, ...headers, Location: location } };
}
