import type { AppHandler, Middleware } from "./env.ts";

/**
 * A handler with middleware around it, the first one outermost. Hono would compose middleware too, with two promises for
 * each, and it calls the only handler of a path directly.
 */
export function compose(middleware: readonly Middleware[], handler: AppHandler): AppHandler {
  return middleware.reduceRight<AppHandler>((inner, outer) => (c) => outer(c, () => inner(c)), handler);
}
