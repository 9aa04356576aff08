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

/** Path for the router of the paths below `/v2/` that belong to a repository. */
const REPOSITORY_PATH = "/v2/a";

/** First character of a repository name. */
const NAME_START = /[a-z0-9]/;

/**
 * Path by which a router chooses the handler of a request: one constant for all paths of repositories, which are long and
 * have one handler, so a pull does not pay for a search in its path. It decides nothing else: the handler parses the URL.
 */
export function routerPath(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const isOfRepository = url.startsWith("/v2/", start) && NAME_START.test(url.charAt(start + 4));
  return isOfRepository ? REPOSITORY_PATH : splitUrl(url).path;
}
