/**
 * `Link` header to the next page of a list (RFC 8288; distribution-spec §"Listing Tags"); empty on the last page.
 * Relative, because clients refuse another host; encoded, because clients choose some of the values.
 */
export function nextLink(
  path: string,
  query: [name: string, value: string | undefined][],
): Record<string, string> {
  const given = query.filter((pair): pair is [string, string] => pair[1] !== undefined);
  const text = given.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  return { Link: `<${path}?${text}>; rel="next"` };
}
