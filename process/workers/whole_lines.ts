import type { Output } from "../log/mod.ts";

/** `PIPE_BUF` of Linux: bytes that one write puts into a pipe without bytes of other processes between them. */
const ATOMIC_BYTES = 4096;

const NEWLINE = 10;

/**
 * Output that several processes share. It writes whole lines in pieces that the kernel does not mix with those of other
 * processes. Only a line that is longer than such a piece can be torn, and only if the reader of the pipe is too slow.
 */
export function wholeLines(output: Output): Output {
  return { write: (bytes) => output.write(bytes.subarray(0, pieceOf(bytes))) };
}

/** Length of as many whole lines at the beginning as fit into an atomic write; of the first line if none fits. */
function pieceOf(bytes: Uint8Array): number {
  if (bytes.length <= ATOMIC_BYTES) return bytes.length;
  const last = bytes.lastIndexOf(NEWLINE, ATOMIC_BYTES - 1);
  if (last !== -1) return last + 1;
  const first = bytes.indexOf(NEWLINE);
  return first === -1 ? bytes.length : first + 1;
}
