/** Page of a list of the API. */
interface Page {
  next?: string;
}

/** Pages of a list, one after the other. `get` reads the page after a position, the first one without it. */
export async function* pagesOf<T extends Page>(
  get: (last: string | undefined) => Promise<T>,
): AsyncGenerator<T> {
  let last: string | undefined;
  do {
    const page: T = await get(last);
    yield page;
    last = page.next;
  } while (last !== undefined);
}

/** `last` of a request, if it is not the first one. */
export function after(last: string | undefined): { last?: string } {
  return last === undefined ? {} : { last };
}
