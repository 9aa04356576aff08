/**
 * Bodies of requests that come as a test wants them to.
 *
 * @module
 */
import type { ByteStream } from "../../registry/interface.ts";

/** A body that hands out `chunks` bytes at a time and then goes on as `end` says; tells whether it was cancelled. */
export function source(
  chunks: number[],
  end: "close" | "stall" | "break" | "endless" = "close",
): { stream: ByteStream; state: { cancelled: boolean; pulled: number } } {
  const state = { cancelled: false, pulled: 0 };
  let index = 0;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const size = chunks[index++] ?? (end === "endless" ? 1024 : undefined);
      if (size !== undefined) {
        state.pulled += size;
        controller.enqueue(new Uint8Array(size).fill(index));
      } else if (end === "close") controller.close();
      else if (end === "break") controller.error(new Error("Connection reset"));
      else return new Promise(() => {});
    },
    cancel() {
      state.cancelled = true;
    },
  }, { highWaterMark: 0 });
  return { stream, state };
}
