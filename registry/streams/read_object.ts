import { type ObjectStore, UnavailableError } from "../../storage/ports.ts";
import { readerOf } from "./body_reader.ts";

/** Milliseconds that a store may take for the next bytes of an object. */
const IDLE_TIMEOUT_MS = 15_000;

/** Bytes of one read, at most. */
const MAX_READ_BYTES = 64 * 1024;

/** How often in a row a store may break off without another byte. */
const MAX_FAILURES = 5;

/** Longest pause before the rest is asked for the first time, in milliseconds; it doubles with each time after. */
const FIRST_PAUSE_MS = 25;

/** Store to read objects from. */
export interface ObjectSource {
  objects: ObjectStore;
  /** Pauses for so many milliseconds. */
  sleep: (milliseconds: number) => Promise<void>;
}

/** An object that the registry itself reads. */
export interface ObjectContent {
  /** Bytes. */
  size: number;
  /**
   * All of them, in their order, however often the store breaks off. Each chunk is the caller's until the next one:
   * where they are all new ones, many megabytes wait for the collector of garbage.
   */
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/**
 * The object under the key, `undefined` where there is none. Where the store breaks off or stalls in the middle it is
 * asked for the rest: what was read so far may be many gigabytes.
 *
 * Clients who read an object have to do the same: they see where it breaks off.
 *
 * @throws {UnavailableError} where it breaks off again and again, by `chunks` as well.
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
      const { done, value } = await inTime(
        reader instanceof ReadableStreamBYOBReader ? reader.read(new Uint8Array(buffer)) : reader.read(),
      );
      if (done) return;
      buffer = value.buffer; // it was handed over, and its memory comes back as another one
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {}); // it is broken
  }
}

async function inTime<T>(reading: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DOMException("The store stalled", "TimeoutError")), IDLE_TIMEOUT_MS);
  });
  return await Promise.race([reading, late]).finally(() => clearTimeout(timer));
}
