import { RegistryError } from "./errors.ts";
import type { ByteRange } from "./range.ts";

/**
 * The place in the blob that a chunk is for: `<first>-<last>`, both inclusive, as distribution-spec §"Pushing a blob in
 * chunks" has it, with neither the unit nor the total of RFC 9110 §14.4.
 *
 * @throws {RegistryError} `BLOB_UPLOAD_INVALID` with status 416, the only one that end-5 lists for a range that can not
 * be taken.
 */
export function parseContentRange(field: string): ByteRange {
  const [, first, last] = /^([0-9]+)-([0-9]+)$/.exec(field) ?? [];
  const range = { first: Number(first), last: Number(last) };
  if (Number.isSafeInteger(range.first) && Number.isSafeInteger(range.last) && range.first <= range.last) {
    return range;
  }
  throw new RegistryError(
    "BLOB_UPLOAD_INVALID",
    "Content-Range must be <first>-<last>, with last at least first",
    {
      status: 416,
      detail: { contentRange: field.slice(0, 256) },
    },
  );
}
