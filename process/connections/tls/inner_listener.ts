import type { KeyPair } from "./key_pair.ts";

/** Both ends of a connection within this process. */
export interface InnerConnection {
  /** The end that gets the bytes of the client. */
  outer: Deno.TcpConn;
  /** The end that decrypts them. */
  inner: Deno.TlsConn;
}

/** Milliseconds after which a connection of another program is closed. */
const FOREIGN_MS = 1000;

/** Connections of other programs at most. */
const MAX_FOREIGN = 64;

/** HTTP/2 and HTTP/1.1 (RFC 7301), as `Deno.serve` offers them. */
const ALPN_PROTOCOLS = ["h2", "http/1.1"];

const LOOPBACK = "127.0.0.1";

/** Listener with TLS on the loopback interface, for connections of this process only. */
export class InnerListener {
  readonly #listener: Deno.TlsListener;
  /** Own connections that are not accepted yet, by their port. */
  readonly #expected = new Map<number, (inner: Deno.TlsConn) => void>();
  /** Accepted connections that are not claimed yet, by the port of the other end, the oldest first. */
  readonly #arrived = new Map<number, { inner: Deno.TlsConn; timer: ReturnType<typeof setTimeout> }>();
  /** Own connections that are being opened. */
  #opening = 0;
  #isRetired = false;

  /**
   * Listens.
   *
   * @throws {Error} for a certificate or a key that TLS cannot use.
   */
  constructor(keyPair: KeyPair) {
    this.#listener = Deno.listenTls({
      hostname: LOOPBACK,
      port: 0,
      alpnProtocols: ALPN_PROTOCOLS,
      tcpBacklog: 511,
      cert: keyPair.cert,
      key: keyPair.key,
    });
    this.#acceptAll();
  }

  /** Opens a connection, without a handshake. */
  async connect(): Promise<InnerConnection> {
    this.#opening++;
    try {
      const { port } = this.#listener.addr;
      const outer = await Deno.connect({ hostname: LOOPBACK, port });
      outer.setNoDelay();
      return { outer, inner: await this.#claim(outer.localAddr.port) };
    } finally {
      this.#opening--;
      if (this.#isRetired && this.#opening === 0) this.#close();
    }
  }

  /** Closes the listener as soon as no connection is being opened. */
  retire(): void {
    this.#isRetired = true;
    if (this.#opening === 0) this.#close();
  }

  #close(): void {
    this.#listener.close();
    for (const port of this.#arrived.keys()) this.#drop(port);
  }

  #claim(port: number): Promise<Deno.TlsConn> {
    const arrived = this.#arrived.get(port);
    if (arrived !== undefined) {
      clearTimeout(arrived.timer);
      this.#arrived.delete(port);
      return Promise.resolve(arrived.inner);
    }
    const { promise, resolve } = Promise.withResolvers<Deno.TlsConn>();
    this.#expected.set(port, resolve);
    return promise;
  }

  async #acceptAll(): Promise<void> {
    for (;;) {
      try {
        this.#take(await this.#listener.accept());
      } catch {
        if (this.#isRetired) return;
        // No descriptor is free: the public listener makes room.
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  #take(inner: Deno.TlsConn): void {
    const { port } = inner.remoteAddr as Deno.NetAddr;
    const claim = this.#expected.get(port);
    this.#expected.delete(port);
    if (claim !== undefined) return claim(inner);
    // Accepted before this process knows its port, or a connection of another program on this machine.
    const [oldest] = this.#arrived.keys();
    if (this.#arrived.size >= MAX_FOREIGN) this.#drop(oldest!);
    this.#arrived.set(port, { inner, timer: setTimeout(() => this.#drop(port), FOREIGN_MS) });
  }

  #drop(port: number): void {
    const arrived = this.#arrived.get(port);
    clearTimeout(arrived?.timer);
    arrived?.inner.close();
    this.#arrived.delete(port);
  }
}
