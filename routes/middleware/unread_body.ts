import { discardBody } from "../http/mod.ts";
import type { Middleware } from "./env.ts";

/** Discards the rest of a request body that was answered without being read, so that the connection can be used again. */
export function unreadBody(): Middleware {
  return function unreadBody(c, next) {
    const { raw } = c.req;
    return raw.method === "GET" || raw.method === "HEAD" ? next() : next().then(() => discardBody(raw));
  };
}
