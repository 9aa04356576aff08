import { Buffer } from "node:buffer";
import type { Item, Key, NewItem } from "../table.ts";
import { INDEX_KEY, TABLE_KEY, TTL_ATTRIBUTE } from "./schema.ts";
import type { Row } from "./wire.ts";

/** Maximum size of an item in bytes, with its names: slightly below DynamoDB's 400 KiB. */
export const MAX_ITEM_BYTES = 380 * 1024;

/**
 * Seconds after the item's own `expiresAt` when DynamoDB may remove it: 7 days. DynamoDB removes only the item and not
 * its objects, so this is only a safety net behind the sweep.
 */
const TTL_MARGIN_SECONDS = 7 * 24 * 60 * 60;

/** The key of an item as DynamoDB takes it. */
export function toKey({ pk, sk }: Key): Row {
  return { [TABLE_KEY.pk]: { S: pk }, [TABLE_KEY.sk]: { S: sk } };
}

/**
 * Row of an item. Shares no object with the caller. The attributes are one JSON string and not a DynamoDB map: it keeps
 * every value exactly, is shorter, and faster for large items.
 *
 * @throws {RangeError} if the item is too large.
 */
export function toRow(item: NewItem, version: string): Row {
  const attributes = JSON.stringify(item.attributes);
  const { bytes, index } = item;
  const size = sizeOf(item, attributes);
  if (size > MAX_ITEM_BYTES) {
    throw new RangeError(
      `Cannot store the item "${item.pk}", "${item.sk}": ${size} bytes are more than ${MAX_ITEM_BYTES}`,
    );
  }
  const { expiresAt } = item.attributes;
  return {
    ...toKey(item),
    version: { S: version },
    attributes: { S: attributes },
    ...(bytes && { bytes: { B: bytes.toBase64() } }),
    ...(index && { [INDEX_KEY.pk]: { S: index.pk }, [INDEX_KEY.sk]: { S: index.sk } }),
    ...(typeof expiresAt === "number" && {
      [TTL_ATTRIBUTE]: { N: String(Math.ceil(expiresAt / 1000) + TTL_MARGIN_SECONDS) },
    }),
  };
}

/** The item of a row; nothing in it is shared with the row. */
export function toItem(row: Row): Item {
  const ipk = row[INDEX_KEY.pk]?.S;
  const isk = row[INDEX_KEY.sk]?.S;
  return {
    ...keyOf(row),
    version: text(row, "version"),
    attributes: JSON.parse(text(row, "attributes")),
    ...(row.bytes?.B !== undefined && { bytes: Uint8Array.fromBase64(row.bytes.B) }),
    ...(ipk !== undefined && isk !== undefined && { index: { pk: ipk, sk: isk } }),
  };
}

/** The key in a row. */
export function keyOf(row: Row): Key {
  return { pk: text(row, TABLE_KEY.pk), sk: text(row, TABLE_KEY.sk) };
}

/** The key as one string, another for each. */
export function keyId({ pk, sk }: Key): string {
  return `${pk.length} ${pk}${sk}`;
}

/** @throws {TypeError} for an item that no Skerry wrote. */
function text(row: Row, name: string): string {
  const value = row[name]?.S;
  if (value === undefined) throw new TypeError(`Cannot read the item: it has no "${name}"`);
  return value;
}

/** Upper bound of the size of the row's names and values, in bytes. */
function sizeOf({ pk, sk, bytes, index }: NewItem, attributes: string): number {
  const OVERHEAD_BYTES = 128;
  const keys = Buffer.byteLength(pk) + Buffer.byteLength(sk);
  const indexed = index ? Buffer.byteLength(index.pk) + Buffer.byteLength(index.sk) : 0;
  return keys + indexed + Buffer.byteLength(attributes) + (bytes?.length ?? 0) + OVERHEAD_BYTES;
}
