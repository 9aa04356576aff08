import { splitUrl } from "../http/mod.ts";
import type { Middleware, RequestInfo } from "./env.ts";

/**
 * Gives each request a new id, which the client gets in `X-Request-Id`. An id from the client is ignored: it could be
 * that of another request.
 */
export function requestId(): Middleware {
  const nextId = requestIds();
  return async function requestId(c, next) {
    const id = nextId();
    const peer = peerOf(c.env);
    c.set("skerry", { id, client: { peer, address: peer }, url: splitUrl(c.req.raw.url) });
    await next();
    c.res.headers.set("X-Request-Id", id);
  };
}

/** Creates ids that are unique among all processes, and faster than random ids. */
function requestIds(): () => string {
  const process = crypto.randomUUID().slice(0, 8);
  let count = 0;
  return () => `${process}-${(count++).toString(36)}`;
}

/** Address of the other end of the connection; `undefined` for a socket without one, and in an embedded app. */
function peerOf(info: RequestInfo | undefined): string | undefined {
  const remoteAddr = info?.remoteAddr;
  return remoteAddr !== undefined && "hostname" in remoteAddr ? remoteAddr.hostname : undefined;
}
