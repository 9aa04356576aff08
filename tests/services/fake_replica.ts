/** A request that reached a {@linkcode FakeReplica}. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
}

/** Answers the requests of a {@linkcode FakeReplica} except probes. */
export type Answer = (request: Request) => Response | Promise<Response>;

/** A server in the place of a replica, to which a test says how it answers. */
export interface FakeReplica extends AsyncDisposable {
  /** `http://host:port`, without a slash at the end. */
  readonly url: string;
  /** The requests so far, except those of probes. */
  readonly received: Received[];
  /** The answer to `/readyz`. */
  isReady: boolean;
  /** Health checks so far. */
  checks: number;
  answer: Answer;
  /** Stops listening, as a process that has ended. */
  end(): Promise<void>;
}

/** Starts one that answers everything with 200 and its name. */
export function startFakeReplica(name: string): FakeReplica {
  const connections = new AbortController();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    signal: connections.signal,
    onListen() {},
  }, async (request) => {
    const { pathname: path } = new URL(request.url);
    if (path === "/readyz") {
      replica.checks++;
      return new Response(null, { status: replica.isReady ? 200 : 503 });
    }
    if (path === "/livez") return new Response();
    replica.received.push({ method: request.method, path, headers: request.headers });
    return await replica.answer(request);
  });
  const end = () => {
    connections.abort();
    return server.finished;
  };
  const replica: FakeReplica = {
    url: `http://127.0.0.1:${server.addr.port}`,
    received: [],
    isReady: true,
    checks: 0,
    async answer(request) {
      return new Response(`${name} ${(await request.bytes()).length}`);
    },
    end,
    [Symbol.asyncDispose]: end,
  };
  return replica;
}

/** A server in the place of a replica that dies of each write: it reads the head and closes the connection. */
export interface MortalReplica extends AsyncDisposable {
  /** `http://host:port`, without a slash at the end. */
  readonly url: string;
  /** Methods of the writes that it has read. */
  readonly received: string[];
}

/** Starts one. It answers reads and health checks, and keeps their connections. */
export function startMortalReplica(): MortalReplica {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const received: string[] = [];
  const serve = async (connection: Deno.Conn) => {
    using _ = connection;
    const head = new Uint8Array(16 * 1024);
    for (let length; (length = await connection.read(head)) !== null;) {
      const [method = ""] = new TextDecoder().decode(head.subarray(0, length)).split(" ");
      if (method !== "GET") return void received.push(method);
      await connection.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    }
  };
  const open = new Set<Promise<void>>();
  const accepted = (async () => {
    for await (const connection of listener) open.add(serve(connection).catch(() => {}));
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    received,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepted;
      await Promise.all(open); // the balancer has ended, and its connections with it
    },
  };
}
