/** Bytes of some content, counted from 0. */
export interface ByteRange {
  /** The first byte, from 0. */
  first: number;
  /** The last byte, inclusive: not below `first`. */
  last: number;
}

/** Bytes in a range. */
export function rangeLength({ first, last }: ByteRange): number {
  return last - first + 1;
}

/**
 * Maximum ranges of one request. Each is a request to the store, so a small request must not cause many. Podman
 * requests up to 1,024 at once (zstd:chunked).
 */
export const MAX_RANGES = 1024;

/**
 * Ranges of a `Range` field for a blob of `size` bytes, cut at its end, in the requested order. Neither merged nor
 * sorted: podman expects as many parts as it requested, in that order.
 *
 * - `undefined`: ignore the field and send the whole blob, which RFC 9110 §14.2 always allows. The answer for other
 *   units than bytes, for invalid syntax, for an empty blob (`Content-Range` cannot describe it), and for sets with
 *   more than {@linkcode MAX_RANGES} ranges or more bytes than the blob has (CVE-2011-3192).
 * - `"unsatisfiable"`: 416, if all ranges begin after the end or are a suffix of no bytes (RFC 9110 §14.1.2), or if one
 *   ends before it begins, which makes the field invalid (RFC 9110 §14.1.1).
 */
export function parseRange(field: string, size: number): ByteRange[] | "unsatisfiable" | undefined {
  const set = /^bytes=(.*)$/i.exec(field)?.[1];
  if (set === undefined || size === 0) return undefined;
  // RFC 9110 §5.6.1.2: a recipient ignores empty elements of a list.
  const specs = set.split(",").map((spec) => spec.trim()).filter((spec) => spec !== "");
  if (specs.length === 0 || specs.length > MAX_RANGES) return undefined;
  const ranges = specs.map((spec) => parseSpec(spec, size));
  if (ranges.includes("malformed")) return undefined;
  if (ranges.includes("reversed")) return "unsatisfiable";
  const satisfiable = ranges.filter((range) => typeof range === "object");
  if (satisfiable.length === 0) return "unsatisfiable";
  const total = satisfiable.reduce((sum, range) => sum + rangeLength(range), 0);
  return total > size ? undefined : satisfiable;
}

/** RFC 9110 §14.1.2: `first-`, `first-last` or `-length`. */
function parseSpec(spec: string, size: number): ByteRange | "malformed" | "reversed" | "unsatisfiable" {
  const [, first, last] = /^([0-9]*)-([0-9]*)$/.exec(spec) ?? [];
  if (first === undefined || last === undefined || first + last === "") return "malformed";
  if (first === "") return cut(size - Math.min(position(last), size), size);
  if (last === "") return cut(position(first), size);
  return position(last) < position(first) ? "reversed" : cut(position(first), size, position(last));
}

/** A position or length of any number of digits, none of which is beyond what JavaScript counts exactly. */
function position(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

function cut(first: number, size: number, last = size - 1): ByteRange | "unsatisfiable" {
  return first < size ? { first, last: Math.min(last, size - 1) } : "unsatisfiable";
}
