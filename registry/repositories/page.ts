import type { Page, PageRequest } from "../registry.ts";

/** Maximum names of a page. */
const MAX_PAGE_NAMES = 10_000;

/** Names of a page: the requested number, up to the maximum. A `Link` tells the client about the rest. */
export function pageSize({ limit = MAX_PAGE_NAMES }: PageRequest): number {
  return Math.min(limit, MAX_PAGE_NAMES);
}

/** Page of `limit` names, out of at most one more, which only shows that a next page exists. */
export function pageOf<T extends string>(names: T[], limit: number): Page<T> {
  const items = names.slice(0, limit);
  const next = items.at(-1);
  return names.length > limit && next !== undefined ? { items, next } : { items };
}
