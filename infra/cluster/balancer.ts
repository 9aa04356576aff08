import { createProxyServer } from "npm:http-proxy-3@2.0.1";
import { Agent, createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";

/** A server behind the balancer. */
export interface Backend {
  /** From 1 on. */
  readonly number: number;
  /** TCP port on the loopback interface. */
  readonly port: number;
  /** False while the balancer should prefer others. */
  readonly isReady: boolean;
}

/** Options of {@linkcode startBalancer}. */
export interface BalancerOptions<B extends Backend> {
  /** TCP port on the loopback interface. */
  readonly port: number;
  /** Servers that get the requests. */
  readonly backends: readonly B[];
  /** Called when a backend is about to get a request. */
  forwarded(request: IncomingMessage, backend: B): void;
  /** Called when a backend has not completed its response. */
  failed(request: IncomingMessage, backend: B, error: Error): void;
}

/** A running balancer. */
export interface Balancer {
  /** `http://host:port`, without a slash at the end. */
  readonly url: string;
  /** Closes the port. */
  stopListening(): void;
  /** Closes all connections. */
  closeConnections(): void;
}

/**
 * Starts a load balancer: each request goes to the next backend, on any connection. A backend that accepts no connection
 * is skipped before anything of the request is sent. A GET or HEAD without a response is sent to another backend. For
 * any other request the connection is broken, and the client resumes its upload or repeats its request.
 *
 * @throws {Error} if it cannot listen.
 */
export async function startBalancer<B extends Backend>(options: BalancerOptions<B>): Promise<Balancer> {
  const proxy = createProxyServer({});
  const nextBackends = inTurn(options.backends);

  async function forward(request: IncomingMessage, response: ServerResponse, tries: number): Promise<void> {
    const connection = await connectToFirst(nextBackends());
    if (connection === undefined) return refuse(response);
    const { backend, socket } = connection;
    options.forwarded(request, backend);
    const agent = new Agent({ keepAlive: true }); // or the client's connection would be closed as well
    agent.createConnection = () => socket;
    response.once("close", () => agent.destroy());
    const target = { host: "127.0.0.1", port: backend.port };
    proxy.web(request, response, { target, agent }, (error) => {
      if (response.destroyed) return; // the client has gone
      options.failed(request, backend, error);
      const isSafe = /^(GET|HEAD)$/.test(request.method!) && !response.headersSent;
      if (isSafe && tries > 1) forward(request, response, tries - 1);
      else breakConnection(request, response);
    });
  }

  const server = createServer((request, response) => forward(request, response, options.backends.length));
  server.requestTimeout = 0; // an upload may take hours
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${options.port}`,
    stopListening: () => void server.close(),
    closeConnections: () => server.closeAllConnections(),
  };
}

/** The backends in the order for the next request: round robin, those that are ready first. */
function inTurn<B extends Backend>(backends: readonly B[]): () => B[] {
  let turn = 0;
  return () => {
    const ready = backends.filter(({ isReady }) => isReady);
    const others = backends.filter(({ isReady }) => !isReady);
    const start = turn++ % Math.max(ready.length, 1);
    return [...ready.slice(start), ...ready.slice(0, start), ...others];
  };
}

async function connectToFirst<B extends Backend>(
  backends: readonly B[],
): Promise<{ backend: B; socket: Socket } | undefined> {
  for (const backend of backends) {
    const socket = await connectTo(backend.port).catch(() => undefined);
    if (socket !== undefined) return { backend, socket };
  }
}

function connectTo(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}

/**
 * Closes a connection without a response. Clients such as skopeo and podman retry after that, and neither after a 502 nor
 * if the connection breaks while they still send. So the rest of the body is read first.
 */
function breakConnection(request: IncomingMessage, response: ServerResponse): void {
  if (request.readableEnded) return void response.destroy();
  request.once("end", () => response.destroy());
  request.resume();
}

function refuse(response: ServerResponse): void {
  response.writeHead(503, { "content-type": "text/plain", "connection": "close", "retry-after": "1" });
  response.end("No replica accepts connections\n");
}
