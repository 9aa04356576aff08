/** A proxy in front of a registry, with faults that `skerry doctor` must find. */

/** Faults of a proxy. */
export interface Faults {
  /** Answers a range with everything. */
  stripsRange?: boolean;
  /** Answers a range with `If-Range` with everything. */
  ignoresIfRange?: boolean;
  /** Makes every `ETag` weak, as a proxy that compresses does. */
  weakensEtags?: boolean;
  /** Names of servers that answer in turn. */
  places?: string[];
  /** Keeps every answer to GET and HEAD, and gives it to every client. */
  cachesEverything?: boolean;
  /** Keeps only answers of these statuses. */
  caches?: number[];
  /** Forgets everything at a BAN. */
  purges?: boolean;
  /** Reads a request body to its end before it passes it on. */
  buffersBodies?: boolean;
  /** Answers a larger body with 413. */
  maxBodyBytes?: number;
  /** Answers a body that takes longer with 408. */
  maxBodyMs?: number;
  /** Changes the bytes of blobs. */
  damagesBlobs?: boolean;
  /** Redirects GET of a blob to another host name of itself, which refuses credentials as S3 does. */
  redirectsBlobs?: boolean;
  /** Answers `/v2/` itself. */
  hidesRegistry?: boolean;
  /** Seconds added to the time that it shows. */
  skewSeconds?: number;
}

/** Options of {@linkcode startFaultyProxy}. */
export interface ProxyOptions extends Faults {
  /** URL of the registry. */
  target: string;
  /** The time that it shows, in milliseconds since the epoch. */
  now: number;
  /** Port to listen on; a free one by default. */
  port?: number;
  /** Certificate and key; plain HTTP without. */
  tls?: { cert: string; key: string };
  /** Is told of each request. */
  onRequest?: () => void;
}

/** Starts a proxy on the loopback interface. */
export function startFaultyProxy(options: ProxyOptions): AsyncDisposable & { url: URL } {
  const kept = new Map<string, Response>();
  let answered = 0;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: options.port ?? 0, onListen() {}, ...options.tls },
    async (request) => {
      options.onRequest?.();
      if (options.purges && request.method === "BAN") {
        kept.clear();
        return new Response(null, { status: 204 });
      }
      const key = `${request.method} ${request.url} ${request.headers.get("Range")}`;
      const response = kept.get(key)?.clone() ?? await pass(request, options).catch(badGateway);
      if (isKept(request, response, options)) kept.set(key, response.clone());
      const headers = new Headers(response.headers);
      headers.set("Date", new Date(options.now + (options.skewSeconds ?? 0) * 1000).toUTCString());
      const etag = headers.get("ETag");
      if (options.weakensEtags && etag !== null) headers.set("ETag", `W/${etag}`);
      const { places = [] } = options;
      if (places.length > 0) headers.set("X-Served-By", places[answered++ % places.length]!);
      return new Response(response.body, { status: response.status, headers });
    },
  );
  const { port } = server.addr;
  return {
    url: new URL(options.tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function isKept({ method }: Request, { status }: Response, { cachesEverything, caches }: Faults): boolean {
  return ["GET", "HEAD"].includes(method) && (cachesEverything === true || caches?.includes(status) === true);
}

/** The answer for a client that went away, and a body that broke off with it. */
function badGateway(): Response {
  return new Response(null, { status: 502 });
}

async function pass(request: Request, options: ProxyOptions): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  if (options.redirectsBlobs && request.method === "GET" && /\/blobs\/sha256:/.test(pathname)) {
    return await redirected(request, options);
  }
  if (options.hidesRegistry && pathname === "/v2/") return new Response("Welcome");
  const headers = new Headers(request.headers);
  headers.delete("Host");
  stripRange(headers, options);
  const body = await bodyOf(request, options);
  if (typeof body === "number") return new Response(null, { status: body });
  const init = { method: request.method, headers, body, redirect: "manual", signal: request.signal } as const;
  const response = await fetch(options.target + pathname + search, init);
  if (!options.damagesBlobs || !/\/blobs\/sha256:/.test(pathname)) return response;
  const bytes = await response.bytes();
  if (bytes.length > 0) bytes[0]! ^= 1;
  return new Response(bytes, response);
}

function stripRange(headers: Headers, { stripsRange, ignoresIfRange }: Faults): void {
  if (stripsRange || (ignoresIfRange && headers.has("If-Range"))) headers.delete("Range");
}

/** A redirect whose URL has the client's credentials, and the blob at that URL. */
async function redirected(request: Request, options: ProxyOptions): Promise<Response> {
  const url = new URL(request.url);
  const header = request.headers.get("Authorization");
  const signature = url.searchParams.get("signature");
  if (signature === null) {
    url.hostname = "localhost";
    url.searchParams.set("signature", header ?? "");
    return new Response(null, { status: 307, headers: { Location: url.href } });
  }
  if (header !== null) return new Response("Only one auth mechanism allowed", { status: 400 });
  const headers = new Headers(request.headers);
  headers.delete("Host");
  stripRange(headers, options);
  headers.set("Authorization", signature);
  return await fetch(options.target + url.pathname, { headers });
}

/** The body to pass on, or a status for one that is refused. */
async function bodyOf(
  request: Request,
  { buffersBodies, maxBodyBytes = Infinity, maxBodyMs }: Faults,
): Promise<BodyInit | null | number> {
  if (request.body === null) return null;
  const reads = buffersBodies || maxBodyBytes < Infinity || maxBodyMs !== undefined;
  if (!reads) return request.body;
  const bytes = request.bytes();
  const limit = Promise.withResolvers<number>();
  const timer = maxBodyMs === undefined ? undefined : setTimeout(() => limit.resolve(408), maxBodyMs);
  const read = await Promise.race([bytes, limit.promise]);
  clearTimeout(timer);
  if (typeof read === "number") {
    bytes.catch(() => {});
    return read;
  }
  return read.length > maxBodyBytes ? 413 : read;
}
