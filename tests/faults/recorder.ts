/** Request at a {@linkcode startRecorder}. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  /** True if all of the body came. */
  readonly whole: boolean;
  /** Received part of the body. */
  readonly body: string;
}

/** A server that remembers what it gets and answers with as many bytes as it is asked for. */
export interface Recorder extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly Received[];
  /** Settles when that many requests have come, or have broken off. */
  until(count: number): Promise<void>;
}

/** The body of an answer of that many bytes. */
export function contentOf(size: number): string {
  return "0123456789".repeat(Math.ceil(size / 10)).slice(0, size);
}

/**
 * Starts a recorder on a free port of the loopback interface. `/<n>` answers n bytes with a Content-Length, `/chunked/<n>`
 * without one, `/early` before it has read the request's body.
 */
export function startRecorder(): Recorder {
  const received: Received[] = [];
  const waiting = new Set<{ count: number; done: () => void }>();

  async function handle(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/early") return new Response("early", { status: 400 });
    await record(request, pathname);
    const size = Number(pathname.split("/").at(-1));
    if (!pathname.startsWith("/chunked/")) return new Response(contentOf(size));
    return new Response(ReadableStream.from([new TextEncoder().encode(contentOf(size))]));
  }

  async function record(request: Request, path: string): Promise<void> {
    let body = "";
    let whole = true;
    try {
      for await (const text of (request.body ?? new Blob().stream()).pipeThrough(new TextDecoderStream())) {
        body += text;
      }
    } catch {
      whole = false; // the connection broke
    }
    received.push({ method: request.method, path, headers: request.headers, whole, body });
    for (const waiter of waiting) if (received.length >= waiter.count) waiter.done();
  }

  const controller = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: controller.signal, onListen() {} },
    handle,
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    received,
    async until(count) {
      if (received.length < count) await new Promise<void>((done) => waiting.add({ count, done }));
    },
    async [Symbol.asyncDispose]() {
      controller.abort();
      await server.finished;
    },
  };
}
