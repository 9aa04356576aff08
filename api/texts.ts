import type { Text } from "./schemas/mod.ts";

/** Bytes of a text in an answer. */
export const MAX_TEXT_BYTES = 64 * 1024;

/** Text of bytes, up to a limit. Malformed UTF-8 becomes U+FFFD. */
export function textIn(bytes: Uint8Array, mediaType: string, most = MAX_TEXT_BYTES): Text {
  const truncated = bytes.length > most;
  const start = truncated ? bytes.subarray(0, most) : bytes;
  // A character that the limit has cut is left out and not replaced.
  const text = new TextDecoder().decode(start, { stream: truncated });
  return { mediaType, text, truncated };
}

/** JSON of bytes; `undefined` for anything else. */
export function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
