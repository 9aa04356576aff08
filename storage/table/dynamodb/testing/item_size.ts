import type { NewItem } from "../../table.ts";
import { toRow } from "../items.ts";

/** Version of the length that random versions have. */
const VERSION = "0".repeat(22);

/** Bytes of an item, as DynamoDB counts them: of the names and of the values; 0 without an item. */
export function sizeOf(item: NewItem | undefined): number {
  if (item === undefined) return 0;
  const { bytes, ...rest } = item;
  const row = Object.entries(toRow(rest, VERSION));
  const size = row.reduce((sum, [name, { S, N }]) => sum + name.length + utf8Length(S ?? N ?? ""), 0);
  return size + (bytes === undefined ? 0 : "bytes".length + bytes.length);
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}
