/** Bytes of a read: fewer cost more calls, more cost memory and are no faster. */
const CHUNK_BYTES = 256 * 1024;

/**
 * The next `size` bytes of an open file, which closes at their end, at an error and when the stream is cancelled.
 * The stream fails where the file ends earlier.
 *
 * A chunk is the reader's until the next one is asked for, and then its memory is let go at once. Left to the collector
 * of garbage it would cost half as much again: that comes by after so many megabytes, and looks at all that the process
 * has. What the runtime is still sending it holds on to by itself.
 */
export function streamOfFile(file: Deno.FsFile, size: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = size;
  let isCancelled = false;
  let before: ArrayBuffer | undefined;
  return new ReadableStream({
    start(controller) {
      if (size > 0) return;
      file.close();
      controller.close();
    },
    async pull(controller) {
      before?.transfer(0);
      try {
        const chunk = new Uint8Array(Math.min(CHUNK_BYTES, left));
        const read = await file.read(chunk);
        if (read === null) throw new Error(`Cannot read ${left} bytes more: the file has ended`);
        left -= read;
        before = chunk.buffer;
        controller.enqueue(chunk.subarray(0, read));
      } catch (error) {
        if (isCancelled) return;
        file.close();
        throw error;
      }
      if (left > 0) return;
      file.close();
      controller.close();
    },
    cancel() {
      isCancelled = true;
      file.close();
    },
  }, { highWaterMark: 0 });
}
