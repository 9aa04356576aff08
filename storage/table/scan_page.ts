import type { Item, ScanPage } from "./table.ts";

/** Where a scan goes on that has come by as many items as it might. */
export function nextOf(items: Item[], limit: number): Pick<ScanPage, "next"> {
  const last = items.at(-1);
  return last === undefined || items.length < limit ? {} : { next: { pk: last.pk, sk: last.sk } };
}
