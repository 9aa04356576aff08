/** Bytes of one read. Smaller reads cost more calls; larger ones cost memory and are not faster. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Next `size` bytes of an open file. The file closes at their end, after an error and when the stream is cancelled. The
 * stream fails if the file ends earlier.
 *
 * A chunk is valid only until the next read, and its memory is released then. JavaScript's garbage collection would
 * cost half as much again: it runs after a number of megabytes and scans the whole process. The runtime keeps its own
 * reference to memory that it is still sending.
 */
export function streamOfFile(file: Deno.FsFile, size: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = size;
  let isCancelled = false;
  let previous: ArrayBuffer | undefined;
  return new ReadableStream({
    start(controller) {
      if (size > 0) return;
      file.close();
      controller.close();
    },
    async pull(controller) {
      previous?.transfer(0);
      try {
        const chunk = new Uint8Array(Math.min(CHUNK_BYTES, left));
        const read = await file.read(chunk);
        if (read === null) throw new Error(`Cannot read ${left} bytes more: the file has ended`);
        left -= read;
        previous = chunk.buffer;
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
