import type { Middleware } from "./env.ts";

/** Discards the rest of a request body that was answered without being read, so that the connection can be used again. */
export function unreadBody(): Middleware {
  return function unreadBody(c, next) {
    const { raw } = c.req;
    if (raw.method === "GET" || raw.method === "HEAD") return next();
    return next().then(async (response) => {
      await discardBody(raw);
      return response;
    });
  };
}

/**
 * Cancels the rest of an unread body, so that the connection can be reused. (An answer that overtakes an unread body
 * stalls in some versions of Deno, denoland/deno#36624.)
 */
export async function discardBody(request: Request): Promise<void> {
  if (request.bodyUsed) return;
  try {
    await request.body?.cancel();
  } catch {
    // The client has disconnected: nothing remains to cancel.
  }
}
