/**
 * The registry on a free port of the loopback interface, for a browser.
 *
 * @module
 */
import { buildApp, type TestApp, type TestAppOptions } from "../harness/app.ts";

/** A registry that a browser can reach. */
export interface ServedApp extends TestApp, AsyncDisposable {
  /** Origin of its pages, without a slash at the end. */
  origin: string;
}

/** Serves a registry with its web UI. */
export function serveApp(options: TestAppOptions = {}): ServedApp {
  const app = buildApp({ ui: {}, ...options });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {}, automaticCompression: false },
    (request, info) => app.app.fetch(request, info),
  );
  const origin = `http://127.0.0.1:${server.addr.port}`;
  return { ...app, origin, [Symbol.asyncDispose]: () => server.shutdown() };
}
