import type { ByteRange, Part } from "./object_store.ts";

/** Default bytes of a part: small, because every upload holds some parts in memory. */
export const DEFAULT_PART_BYTES = 1024 * 1024;

/**
 * Checks the arguments of `putPart`.
 *
 * @throws {RangeError} for a number below 1, and for more bytes than a part holds.
 */
export function checkPart(number: number, bytes: Uint8Array, partSize: number): void {
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new RangeError(`Cannot store part ${number}: parts are counted from 1`);
  }
  if (bytes.length > partSize) {
    throw new RangeError(`Cannot store ${bytes.length} bytes as a part: it holds at most ${partSize}`);
  }
}

/**
 * Size in bytes of the object that the parts make.
 *
 * @throws {RangeError} without parts, if they do not ascend from 1, or if one except the last is not of `partSize`.
 */
export function sizeOfParts(parts: Part[], partSize: number): number {
  if (parts.length === 0) throw new RangeError("Cannot complete the object: it has no parts");
  let size = 0;
  for (const [i, part] of parts.entries()) {
    const isLast = i === parts.length - 1;
    if (part.number !== i + 1 || part.size > partSize || (!isLast && part.size !== partSize)) {
      throw new RangeError(
        `Cannot complete the object: part ${part.number} of ${part.size} bytes is out of place`,
      );
    }
    size += part.size;
  }
  return size;
}

/**
 * Checks that a range lies within an object.
 *
 * @throws {RangeError} if it does not.
 */
export function checkRange(range: ByteRange, size: number): void {
  const { first, last } = range;
  if (
    !Number.isSafeInteger(first) || !Number.isSafeInteger(last) || first < 0 || first > last || last >= size
  ) {
    throw new RangeError(`Cannot read bytes ${first} to ${last} of an object of ${size}`);
  }
}
