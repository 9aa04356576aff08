import type { Child } from "hono/jsx";

/** Schemes to which a link from content may lead. */
const SCHEMES: ReadonlySet<string> = new Set(["http:", "https:", "mailto:"]);

/** Longest URL of a link, in characters. */
const MAX_URL_CHARACTERS = 2048;

/**
 * URL from content, such as an annotation, if a link may lead to it: an absolute `http`, `https` or `mailto` URL without
 * a password. Others, such as `javascript:`, would execute, or mislead the reader.
 */
export function safeUrl(text: string): string | undefined {
  // A URL parser drops tabs and line breaks, and a reader does not see control or format characters.
  if (text.length > MAX_URL_CHARACTERS || /[\p{C}\s]/u.test(text)) return undefined;
  const url = URL.parse(text);
  if (url === null || !SCHEMES.has(url.protocol) || url.username + url.password !== "") return undefined;
  return url.href;
}

/** Link to a URL from content. A URL to which no link may lead is shown as text. */
export function SafeLink({ url, children = url }: { url: string; children?: Child }) {
  const href = safeUrl(url);
  if (href === undefined) return <span class="unlinked">{children}</span>;
  return <a href={href} rel="noopener noreferrer nofollow ugc">{children}</a>;
}
