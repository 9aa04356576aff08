/** Bytes of a read from a connection that is mostly idle, and from one that is busy. */
const READ_BYTES = { idle: 2048, busy: 64 * 1024 } as const;

/** Milliseconds that a client has to close its side after the last answer. */
const DRAIN_MS = 1000;

/**
 * Copies bytes from one connection to another until the first one ends, and ends the second one's side then. Never
 * fails: what breaks one connection ends the other. `first` are bytes that were read before.
 */
export async function pump(from: Deno.Conn, to: Deno.Conn, first?: Uint8Array): Promise<void> {
  let buffer = new Uint8Array(READ_BYTES.idle);
  try {
    if (first !== undefined) await writeAll(to, first);
    for (;;) {
      const count = await from.read(buffer);
      if (count === null) break;
      await writeAll(to, buffer.subarray(0, count));
      // An idle connection keeps a small buffer: there may be thousands.
      if (count === buffer.length && count < READ_BYTES.busy) buffer = new Uint8Array(READ_BYTES.busy);
      else if (count < READ_BYTES.idle && buffer.length > READ_BYTES.idle) {
        buffer = new Uint8Array(READ_BYTES.idle);
      }
    }
    await to.closeWrite();
  } catch {
    // One of them is closed. The other one has no use without it.
    for (const conn of [from, to]) {
      try {
        await conn.closeWrite();
      } catch {
        // This one is.
      }
    }
  }
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
}

/** Waits until the client has closed its side, for a moment. Something else may read its bytes until `read` resolves. */
export async function drain(conn: Deno.Conn, read?: Promise<void>): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, DRAIN_MS);
  await Promise.race([over, discard(conn, read)]);
  clearTimeout(timer);
}

async function discard(conn: Deno.Conn, read: Promise<void> | undefined): Promise<void> {
  try {
    await read;
    const scratch = new Uint8Array(READ_BYTES.idle);
    while (await conn.read(scratch) !== null);
  } catch {
    // It is closed.
  }
}
