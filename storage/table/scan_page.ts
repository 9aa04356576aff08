import type { Item, ScanPage } from "./table.ts";

/** Key after which the next page of a scan begins; absent if this page is the last one. */
export function nextOf(items: Item[], limit: number): Pick<ScanPage, "next"> {
  const last = items.at(-1);
  return last === undefined || items.length < limit ? {} : { next: { pk: last.pk, sk: last.sk } };
}
