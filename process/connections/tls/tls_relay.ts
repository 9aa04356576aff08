import type { ServeOn } from "../connections.ts";
import { InnerListener } from "./inner_listener.ts";
import type { KeyPair } from "./key_pair.ts";
import { drain, pump } from "./pump.ts";

/** First byte of a TLS record that begins a handshake (RFC 8446 §5.1). */
const HANDSHAKE = 22;

const REFUSAL_BODY = "The client sent HTTP to a port that expects TLS (use https:)\n";

const REFUSAL = new TextEncoder().encode(
  "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n" +
    `Content-Length: ${REFUSAL_BODY.length}\r\nConnection: close\r\n\r\n${REFUSAL_BODY}`,
);

/**
 * TLS for accepted connections, with a certificate that can be replaced.
 *
 * Deno can change neither the certificate of a listener nor that of an accepted connection, and a listener that is
 * closed resets the connections that wait in it. So the public listener stays, and knows no TLS: each of its
 * connections is relayed, as it is, to a listener with TLS on the loopback interface. Another certificate is another
 * such listener, in which no connection waits when it is closed.
 */
export class TlsRelay {
  #inner: InnerListener;

  /**
   * Listens on the loopback interface.
   *
   * @throws {Error} for a certificate or a key that TLS cannot use.
   */
  constructor(keyPair: KeyPair) {
    this.#inner = new InnerListener(keyPair);
  }

  /**
   * Prepares another certificate for connections that begin after its `commit`.
   *
   * @throws {Error} for a certificate or a key that TLS cannot use.
   */
  prepare(keyPair: KeyPair): { commit(): void; discard(): void } {
    const next = new InnerListener(keyPair);
    return {
      commit: () => {
        this.#inner.retire();
        this.#inner = next;
      },
      discard: () => next.retire(),
    };
  }

  /** Closes the listener. Connections stay. */
  close(): void {
    this.#inner.retire();
  }

  /** Serves connections of the public listener like `serveOn`, which gets them decrypted. */
  over(serveOn: ServeOn): ServeOn {
    return (conn, signal, handler, onError, onListen) => {
      const { promise: opened, resolve: open } = Promise.withResolvers<ReturnType<ServeOn> | undefined>();
      const finished = this.#relay(conn, signal, (inner) => {
        const served = serveOn(inner, signal, handler, onError, onListen);
        open(served);
        // The client broke the connection, or the handshake failed. Deno keeps a resource of it until the shutdown.
        return served.finished.catch(() => served.shutdown().catch(() => {}));
      }).finally(() => open(undefined));
      return { finished, shutdown: async () => await (await opened)?.shutdown() };
    };
  }

  async #relay(
    conn: Deno.Conn,
    signal: AbortSignal,
    serve: (inner: Deno.Conn) => Promise<void>,
  ): Promise<void> {
    const close = () => closeQuietly(conn);
    signal.addEventListener("abort", close);
    try {
      const first = await readFirst(conn);
      if (first === null || signal.aborted) return;
      if (first[0] !== HANDSHAKE) return await refuse(conn);
      await this.#relayTls(conn, first, signal, serve);
    } finally {
      signal.removeEventListener("abort", close);
      close();
    }
  }

  async #relayTls(
    conn: Deno.Conn,
    first: Uint8Array,
    signal: AbortSignal,
    serve: (inner: Deno.Conn) => Promise<void>,
  ): Promise<void> {
    const { outer, inner } = await this.#inner.connect();
    const close = () => closeQuietly(outer);
    signal.addEventListener("abort", close);
    try {
      const inward = pump(conn, outer, first);
      const outward = pump(outer, conn);
      await serve(inner);
      // The last bytes are on their way to the client. It then has a moment to close its side: a close with its bytes
      // unread would reset the connection, and the client might lose the answer.
      await outward;
      await drain(conn, inward);
    } finally {
      signal.removeEventListener("abort", close);
      close();
    }
  }
}

/** First bytes of a client; `null` if there are none. */
async function readFirst(conn: Deno.Conn): Promise<Uint8Array | null> {
  const buffer = new Uint8Array(1024);
  try {
    const count = await conn.read(buffer);
    return count === null ? null : buffer.subarray(0, count);
  } catch {
    return null; // The client is gone, or its time was over.
  }
}

/** Answers a client that speaks HTTP. */
async function refuse(conn: Deno.Conn): Promise<void> {
  try {
    await conn.write(REFUSAL);
    await conn.closeWrite();
    await drain(conn);
  } catch {
    // The client is gone.
  }
}

function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It was closed before.
  }
}
