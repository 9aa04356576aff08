import { HttpRequests } from "./http_requests.ts";

/** Traffic through a proxy. */
export interface Traffic {
  requests: number;
  /** Bytes from the clients, heads included. */
  sent: number;
  /** Bytes from the service, heads included. */
  received: number;
}

/** Proxy before a service of HTTP/1.1 that counts and delays. It changes no byte, so signatures stay valid. */
export interface CountingProxy extends AsyncDisposable {
  /** `http://host:port`. */
  readonly endpoint: string;
  /** Traffic since the start. */
  readonly traffic: Readonly<Traffic>;
  /** Delays each request by so many milliseconds from now on. */
  delay(milliseconds: number): void;
}

/** Starts a proxy before a service. */
export function startCountingProxy(service: string): CountingProxy {
  const { hostname, port } = new URL(service);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const traffic: Traffic = { requests: 0, sent: 0, received: 0 };
  const open = new Set<Promise<void>>();
  let wait = 0;

  async function pass(client: Deno.TcpConn): Promise<void> {
    using to = await Deno.connect({ hostname, port: Number(port) });
    using from = client;
    for (const connection of [from, to]) connection.setNoDelay();
    const requests = new HttpRequests();
    const forward = async () => {
      for await (const bytes of from.readable) {
        traffic.sent += bytes.length;
        let began = 0;
        requests.push(bytes, () => began++);
        traffic.requests += began;
        if (began > 0 && wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        await writeAll(to, bytes);
      }
      await to.closeWrite();
    };
    const back = async () => {
      for await (const bytes of to.readable) {
        traffic.received += bytes.length;
        await writeAll(from, bytes);
      }
      await from.closeWrite();
    };
    await Promise.all([forward(), back()]);
  }

  const accepting = (async () => {
    for await (const client of listener) {
      // Either side may close or reset at any time.
      const passing = pass(client).catch(() => {}).finally(() => open.delete(passing));
      open.add(passing);
    }
  })();
  return {
    endpoint: `http://127.0.0.1:${listener.addr.port}`,
    traffic,
    delay: (milliseconds) => wait = milliseconds,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      await Promise.all(open);
    },
  };
}

async function writeAll(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await to.write(bytes.subarray(written));
}
