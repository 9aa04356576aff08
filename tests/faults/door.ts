/** A TCP port of the loopback interface that can be closed and opened again. */
export class Door {
  readonly port: number;
  readonly #visit: (connection: Deno.TcpConn) => void;
  #open = true;
  /** There until it has let go of the port, which is a moment after it is closed. */
  #listener: Deno.TcpListener | undefined;
  #accepting: Promise<void> = Promise.resolve();

  /** Listens, on a free port where it is 0. */
  constructor(port: number, visit: (connection: Deno.TcpConn) => void) {
    this.#visit = visit;
    this.port = this.#listen(port).addr.port;
  }

  /** True if connections are taken. */
  get open(): boolean {
    return this.#open;
  }

  set open(open: boolean) {
    if (this.#open === open) return;
    this.#open = open;
    if (!open) this.#listener?.close();
    else if (this.#listener === undefined) this.#listen(this.port);
  }

  /** Closes, and waits until the port is free. */
  async close(): Promise<void> {
    this.open = false;
    await this.#accepting;
  }

  #listen(port: number): Deno.TcpListener {
    const listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.#listener = listener;
    this.#accepting = this.#accept(listener);
    return listener;
  }

  async #accept(listener: Deno.TcpListener): Promise<void> {
    for await (const connection of listener) {
      if (this.#open) this.#visit(connection);
      else connection.close(); // it came just before the end
    }
    this.#listener = undefined;
    if (this.#open) this.#listen(this.port); // it was opened again meanwhile
  }
}
