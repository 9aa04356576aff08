/** Parts of a URL, as the client sent them. */
export interface RawUrl {
  /** Host, and the port if the URL has one. */
  authority: string;
  /** Path from its slash on; empty without one. */
  path: string;
  /** Query without the `?`; `undefined` without one. */
  query: string | undefined;
}

/**
 * Splits a raw URL. `new URL()` would decode and normalise the path, and two forms of one path could be authorized
 * differently.
 */
export function splitUrl(url: string): RawUrl {
  const authority = url.indexOf("://") + 3;
  const query = url.indexOf("?", authority);
  const target = query < 0 ? url : url.slice(0, query);
  const start = target.indexOf("/", authority);
  return {
    authority: target.slice(authority, start < 0 ? undefined : start),
    path: start < 0 ? "" : target.slice(start),
    query: query < 0 ? undefined : url.slice(query + 1),
  };
}
