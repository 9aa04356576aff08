/**
 * ETags of parts in an upload's item: a list, or one base64 text if all of them are quoted MD5 as in S3, which is half
 * as long. An upload has up to 10,000 parts, and each of its requests reads and writes all ETags.
 */
export type Etags = string[] | string;

const MD5 = /^"[0-9a-f]{32}"$/;

/** Bytes of an MD5. */
const MD5_BYTES = 16;

/** Packs ETags for an item. */
export function packEtags(etags: string[]): Etags {
  if (etags.length === 0 || !etags.every((etag) => MD5.test(etag))) return etags;
  return Uint8Array.fromHex(etags.map((etag) => etag.slice(1, -1)).join("")).toBase64();
}

/** Unpacks ETags to a new list. */
export function unpackEtags(etags: Etags): string[] {
  if (typeof etags !== "string") return [...etags];
  const hex = Uint8Array.fromBase64(etags).toHex();
  const count = hex.length / (2 * MD5_BYTES);
  return Array.from(
    { length: count },
    (_, i) => `"${hex.slice(2 * MD5_BYTES * i, 2 * MD5_BYTES * (i + 1))}"`,
  );
}
