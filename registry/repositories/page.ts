import type { Page, PageRequest } from "../registry.ts";

/** Most names in one page. */
export const MOST_IN_PAGE = 10_000;

/** How many names a page may hold; what the client asks for beyond the most is cut, as a `Link` then says. */
export function pageSize({ limit = MOST_IN_PAGE }: PageRequest): number {
  return Math.min(limit, MOST_IN_PAGE);
}

/** The page of `limit` names out of up to one more, which only tells that there is a next one. */
export function pageOf<T extends string>(names: T[], limit: number): Page<T> {
  const items = names.slice(0, limit);
  const next = items.at(-1);
  return names.length > limit && next !== undefined ? { items, next } : { items };
}
