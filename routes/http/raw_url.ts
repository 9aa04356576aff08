/** The parts of a URL, each as it came. */
export interface RawUrl {
  /** The host, and the port where it says one. */
  authority: string;
  /** From its slash on; empty where there is none. */
  path: string;
  /** Without the `?`; `undefined` where there is none. */
  query: string | undefined;
}

/**
 * Takes a URL apart as it came. `new URL()` would decode and normalise the path, and what is decided on two forms of one
 * path can be decided differently.
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
