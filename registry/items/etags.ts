/**
 * The marks of parts as an upload's item has them: a list or, where all of them are MD5 in quotes, as S3 has them, one text
 * of base64, which is half as long. An upload has up to 10,000, and each request of it reads and writes all of them.
 */
export type Etags = string[] | string;

const MD5 = /^"[0-9a-f]{32}"$/;

/** Bytes of an MD5. */
const MD5_BYTES = 16;

/** The marks as an item has them. */
export function packEtags(etags: string[]): Etags {
  if (etags.length === 0 || !etags.every((etag) => MD5.test(etag))) return etags;
  return Uint8Array.fromHex(etags.map((etag) => etag.slice(1, -1)).join("")).toBase64();
}

/** The marks themselves, as a list of the caller's own. */
export function unpackEtags(etags: Etags): string[] {
  if (typeof etags !== "string") return [...etags];
  const hex = Uint8Array.fromBase64(etags).toHex();
  const count = hex.length / (2 * MD5_BYTES);
  return Array.from(
    { length: count },
    (_, i) => `"${hex.slice(2 * MD5_BYTES * i, 2 * MD5_BYTES * (i + 1))}"`,
  );
}
