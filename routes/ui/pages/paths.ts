/** Paths of the pages. Names and tags need no escapes by their grammar; all else is encoded. */

/** Page of a repository, with the tags that match a filter. */
export function repositoryPath(name: string, parameters: Parameters = {}): string {
  return `/r/${name}${query(parameters)}`;
}

/** Page of a manifest by its tag or digest. */
export function manifestPath(name: string, reference: string, parameters: Parameters = {}): string {
  return `/r/${name}/-/at/${reference}${query(parameters)}`;
}

/** Page that compares two manifests of a repository. */
export function diffPath(name: string, from: string, to: string): string {
  return `/r/${name}/-/diff${query({ from, to })}`;
}

/** Page of the moves of a tag. */
export function historyPath(name: string, tag: string): string {
  return `/r/${name}/-/history${query({ tag })}`;
}

/** Page of the referrers of a digest. */
export function referrersPath(name: string, digest: string, parameters: Parameters = {}): string {
  return `/r/${name}/-/referrers/${digest}${query(parameters)}`;
}

/** Page that moves a tag to a digest; without a tag, the page asks for one. */
export function movePath(name: string, { digest, tag }: { digest: string; tag?: string }): string {
  return `/r/${name}/-/move${query({ digest, tag })}`;
}

/** Page that deletes a tag, or a manifest; without both, the repository. */
export function deletePath(name: string, { tag, digest }: { tag?: string; digest?: string } = {}): string {
  return `/r/${name}/-/delete${query({ tag, digest })}`;
}

/** Values of a query; those that are `undefined` or empty are left out. */
export type Parameters = Readonly<Record<string, string | undefined>>;

/** Query with its question mark; empty without values. */
export function query(parameters: Parameters): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value) search.set(name, value);
  return search.size === 0 ? "" : `?${search}`;
}

/** True if the reference of a page is a digest and not a tag. */
export function isDigest(reference: string): boolean {
  return reference.includes(":");
}
