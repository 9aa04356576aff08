import { Buffer } from "node:buffer";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { Item, Key, NewItem } from "../table.ts";
import { INDEX_KEY, TABLE_KEY, TTL_ATTRIBUTE } from "./schema.ts";

/** An item as DynamoDB takes and gives it. */
export type Row = Record<string, AttributeValue>;

/** The most that an item may have, in bytes: a little less than DynamoDB's 400 KiB, names and all. */
export const MAX_ITEM_BYTES = 380 * 1024;

/**
 * How long after {@linkcode Item.attributes}' own `expiresAt` DynamoDB may remove an item, in seconds: 7 days. It removes
 * the item alone and not what it names, so it is only a second net below whatever sweeps, and must come long after it.
 */
const TTL_MARGIN_SECONDS = 7 * 24 * 60 * 60;

/** The key of an item as DynamoDB takes it. */
export function toKey({ pk, sk }: Key): Row {
  return { [TABLE_KEY.pk]: { S: pk }, [TABLE_KEY.sk]: { S: sk } };
}

/**
 * The row of an item; nothing in it is shared with the caller. The attributes are one string of JSON and not a map of
 * DynamoDB's: it keeps every value exactly as it is, is shorter on the wire, and quicker where there is much.
 *
 * @throws {RangeError} where the item is too large to store.
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
    ...(bytes && { bytes: { B: bytes.slice() } }),
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
    // A copy: the SDK's bytes may be a small view of a large buffer, which would stay in memory as long as the view.
    ...(row.bytes?.B && { bytes: new Uint8Array(row.bytes.B) }),
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
  const ROOM_FOR_NAMES_VERSION_TTL = 128;
  const keys = Buffer.byteLength(pk) + Buffer.byteLength(sk);
  const indexed = index ? Buffer.byteLength(index.pk) + Buffer.byteLength(index.sk) : 0;
  return keys + indexed + Buffer.byteLength(attributes) + (bytes?.length ?? 0) + ROOM_FOR_NAMES_VERSION_TTL;
}
