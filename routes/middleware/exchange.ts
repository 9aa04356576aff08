import { splitUrl } from "../http/mod.ts";
import type { Middleware, RequestInfo } from "./env.ts";

/**
 * Starts the exchange of a request, with a new id. An id from the client is ignored: it could be that of another
 * request.
 */
export function exchange(): Middleware {
  return function exchange(c, next) {
    const peer = peerOf(c.env);
    c.set("skerry", {
      id: nextId(),
      client: { peer, address: peer, principal: undefined },
      url: splitUrl(c.req.raw.url),
      route: undefined,
      ui: undefined,
      caller: undefined,
      readBody: undefined,
      answer: undefined,
      bytes: 0,
      error: undefined,
    });
    return next();
  };
}

/** Creates ids that are unique among all processes, and faster than random ids. */
function requestIds(): () => string {
  const process = crypto.randomUUID().slice(0, 8);
  let count = 0;
  return () => `${process}-${(count++).toString(36)}`;
}

/** One series for all apps of the process: a reload of the configuration makes another app. */
const nextId = requestIds();

/** Address of the other end of the connection; `undefined` for a socket without one, and in an embedded app. */
function peerOf(info: RequestInfo | undefined): string | undefined {
  const remoteAddr = info?.remoteAddr;
  return remoteAddr !== undefined && "hostname" in remoteAddr ? remoteAddr.hostname : undefined;
}
