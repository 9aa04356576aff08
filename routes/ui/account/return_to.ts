/** Longest path to which a login returns, in characters. */
const MAX_PATH_CHARACTERS = 1024;

/** A path of the web UI with its query: printable ASCII, without a host (`//`, `/\`). */
const PATH = /^\/(?![/\\])[\w\-./:@~!$&'()*+,;=?%]*$/;

/** Pages to which no login returns. */
const LOGIN = /^\/log(in|out)\b/;

/** Path to which a login returns: the requested one if it is a page of this registry, otherwise `/`. */
export function returnPath(requested: string | undefined): string {
  if (requested === undefined || requested.length > MAX_PATH_CHARACTERS) return "/";
  return PATH.test(requested) && !LOGIN.test(requested) ? requested : "/";
}
