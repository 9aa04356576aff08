import { splitUrl } from "../http/mod.ts";
import type { Middleware, RequestInfo } from "./env.ts";

/**
 * Starts the exchange of a request under a new id, and tells the client the id in `X-Request-Id`. An id from the client is
 * ignored: it could name another request.
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

/** Makes ids that no other request has, in this process or another, for far less than random ones cost. */
function requestIds(): () => string {
  const process = crypto.randomUUID().slice(0, 8);
  let count = 0;
  return () => `${process}-${(count++).toString(36)}`;
}

/** Address of the other end of the connection; a request without a server has none. */
function peerOf(info: RequestInfo | undefined): string | undefined {
  const remoteAddr = info?.remoteAddr;
  return remoteAddr !== undefined && "hostname" in remoteAddr ? remoteAddr.hostname : undefined;
}
