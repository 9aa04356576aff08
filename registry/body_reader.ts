import type { ByteStream } from "./registry.ts";

/** A reader that may be given a buffer to read into. */
export interface BodyReader {
  /**
   * The next bytes: in `view`, which is gone by this and whose memory comes back with them, or in a chunk of the
   * stream's own where it can do no other.
   */
  read(
    view?: ArrayBufferView<ArrayBuffer>,
  ): Promise<{ done: boolean; value?: Uint8Array<ArrayBuffer> | undefined }>;
  /** Gives up what was not read, and ends a read that is pending. */
  cancel(reason?: unknown): Promise<void>;
  /** Lets go of the stream. */
  release(): void;
}

/** A reader of the stream, into buffers of the caller's where the stream can do that. */
export function readerOf(stream: ByteStream, intoBuffers: boolean): BodyReader {
  if (intoBuffers) {
    try {
      const reader = stream.getReader({ mode: "byob" });
      return {
        read: (view) => reader.read(view as Uint8Array<ArrayBuffer>),
        cancel: (reason) => reader.cancel(reason),
        release: () => reader.releaseLock(),
      };
    } catch (error) {
      // A stream that JavaScript made may hand out its own chunks alone.
      if (!(error instanceof TypeError) || stream.locked) throw error;
    }
  }
  const reader = stream.getReader();
  return {
    read: () => reader.read(),
    cancel: (reason) => reader.cancel(reason),
    release: () => reader.releaseLock(),
  };
}
