import { type ObjectStore, UnavailableError, withTimeout } from "../../storage/ports.ts";
import { readerOf } from "./body_reader.ts";

/** Milliseconds that a store may take for the next bytes of an object. */
const IDLE_TIMEOUT_MS = 15_000;

/** Maximum bytes of one read. */
const MAX_READ_BYTES = 64 * 1024;

/** Consecutive failures without another byte after which a read fails. */
const MAX_FAILURES = 5;

/** Maximum pause before the first retry, in milliseconds; it doubles with each further retry. */
const FIRST_PAUSE_MS = 25;

/** Store to read objects from. */
export interface ObjectSource {
  /** Object store to read from. */
  objects: Pick<ObjectStore, "get">;
  /** Waits `milliseconds`. */
  sleep: (milliseconds: number) => Promise<void>;
}

/** An object that the registry itself reads. */
export interface ObjectContent {
  /** Bytes. */
  size: number;
  /**
   * All bytes in order, across failures of the store. Each chunk is valid until the next read: new buffers for all of
   * them would leave many megabytes to JavaScript's garbage collection.
   */
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/**
 * Reads the object under the key; `undefined` if it does not exist. If the store fails or stalls, the rest is
 * requested again, because many gigabytes may have been read already. A client that pulls a blob sees such a failure
 * and must request the rest itself.
 *
 * @throws {UnavailableError} after repeated failures, also from `chunks`.
 */
export async function readObject(
  context: ObjectSource,
  key: string,
): Promise<ObjectContent | undefined> {
  const found = await context.objects.get(key);
  return found && { size: found.size, chunks: wholeOf(context, key, found) };
}

async function* wholeOf(
  { objects, sleep }: ObjectSource,
  key: string,
  { size, body }: { size: number; body: ReadableStream<Uint8Array<ArrayBuffer>> },
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let offset = 0;
  let failures = 0;
  for (let stream = body;;) {
    let failure: unknown;
    try {
      for await (const chunk of chunksOf(stream)) {
        offset += chunk.length;
        failures = 0;
        yield chunk;
      }
    } catch (error) {
      failure = error;
    }
    if (offset >= size) return;
    // Not `retrying`, which repeats one call: each byte that arrives makes the count begin anew.
    if (++failures > MAX_FAILURES) throw new UnavailableError(`read "${key}"`, failure);
    await sleep(FIRST_PAUSE_MS * 2 ** failures * Math.random());
    const rest = await objects.get(key, { first: offset, last: size - 1 });
    if (rest === undefined) throw new Error(`Object "${key}" disappeared while it was read`);
    stream = rest.body;
  }
}

/** Chunks of a stream. Each read has its own timeout. */
async function* chunksOf(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = readerOf(stream);
  let buffer = new ArrayBuffer(MAX_READ_BYTES);
  try {
    for (;;) {
      const { done, value } = await withTimeout(
        reader instanceof ReadableStreamBYOBReader ? reader.read(new Uint8Array(buffer)) : reader.read(),
        IDLE_TIMEOUT_MS,
        stalled,
      );
      if (done) return;
      buffer = value.buffer; // The read detached the previous buffer; this one has its memory.
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {}); // The stream may have failed already.
  }
}

function stalled(): never {
  throw new DOMException("The store stalled", "TimeoutError");
}
