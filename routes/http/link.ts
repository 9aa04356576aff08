/**
 * The `Link` to the next page of a list (RFC 8288; distribution-spec §"Listing Tags"), nothing where there is none.
 * Relative, because clients refuse one to another host; encoded, because clients choose some of the values.
 */
export function nextLink(
  path: string,
  query: [name: string, value: string | undefined][],
): Record<string, string> {
  const given = query.filter((pair): pair is [string, string] => pair[1] !== undefined);
  const text = given.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  return { Link: `<${path}?${text}>; rel="next"` };
}
