import type { RequestLog } from "./routes/mod.ts";

/** What {@linkcode serve} takes. */
export interface ServerOptions {
  /** 0 takes a free one. */
  port: number;
  /** An address of this machine, or a name of one. */
  hostname: string;
  /** Answers requests. What it gives must not reject: it is the last that could say something of an error. */
  fetch: (request: Request, info: Deno.ServeHandlerInfo) => Response | Promise<Response>;
  /** Told of each request that came when the server was stopping. */
  refused: (entry: RequestLog) => void;
}

/** A server that listens. */
export interface Server {
  /** Where it listens. */
  url: string;
  /**
   * Stops gracefully: refuses what is new and waits for what is under way, downloads that are still being read as well,
   * but no longer than `limit` milliseconds. Answers whether everything has ended in that time.
   */
  stop(limit: number): Promise<boolean>;
}

/**
 * Listens, and answers with `fetch`.
 *
 * @throws {Deno.errors.AddrInUse} and others of `Deno.serve`.
 */
export function serve({ port, hostname, fetch, refused }: ServerOptions): Server {
  let answering = 0;
  let stopping = false;
  const { promise: answered, resolve: allAnswered } = Promise.withResolvers<void>();
  const release = () => {
    answering--;
    if (stopping && answering === 0) allAnswered();
  };
  const server = Deno.serve(
    { port, hostname, automaticCompression: false, onListen: () => {} },
    (request, info) => {
      if (stopping) {
        refused(refusalEntry(request));
        return refusal();
      }
      answering++;
      const answer = Promise.resolve(fetch(request, info));
      answer.then(release, release);
      return answer;
    },
  );
  return {
    url: urlOf(server.addr),
    async stop(limit) {
      stopping = true;
      if (answering === 0) allAnswered();
      // `shutdown` breaks the request bodies that are still coming (denoland/deno#36809), so it has to wait until every
      // handler has answered. It does finish the responses.
      const ended = answered.then(() => server.shutdown()).then(() => true);
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<false>((resolve) => timer = setTimeout(() => resolve(false), limit));
      return await Promise.race([ended, late]).finally(() => clearTimeout(timer));
    },
  };
}

/** For a client that may as well ask the process that comes after this one. */
function refusal(): Response {
  const message = "The registry is stopping";
  return Response.json({ errors: [{ code: "TOOMANYREQUESTS", message }] }, {
    status: 503,
    headers: { "Retry-After": "1", "Connection": "close", "Cache-Control": "no-store" },
  });
}

function refusalEntry({ method, url }: Request): RequestLog {
  const path = /^[^:]*:\/\/[^/?]*([^?]{0,512})/.exec(url)?.[1] ?? "";
  return {
    time: Date.now(),
    method,
    route: undefined,
    path,
    status: 503,
    bytes: 0,
    duration: 0,
    id: "stopping",
  };
}

function urlOf({ hostname, port }: Deno.NetAddr): string {
  return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
