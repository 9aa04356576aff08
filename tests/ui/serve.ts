/**
 * The registry on a free port of the loopback interface, for a browser.
 *
 * @module
 */
import { cached } from "../../cache/mod.ts";
import { Verifier } from "../../trust/mod.ts";
import { rulesOf } from "../../trust/testing/rules.ts";
import { buildApp, type TestApp, type TestAppOptions } from "../harness/app.ts";
import { SIGNER } from "./rich.ts";

/** A registry that a browser can reach. */
export interface ServedApp extends TestApp, AsyncDisposable {
  /** Origin of its pages, without a slash at the end. */
  origin: string;
}

/** Options of an app with a cache, as a process has it, and with pages that verify signatures by {@linkcode SIGNER}. */
export async function uiOptions(): Promise<TestAppOptions> {
  const rules = await rulesOf({ name: "release", keys: { release: SIGNER.pem }, mode: "audit" });
  let verifier: Verifier | undefined;
  return {
    ui: {},
    api: { signatures: { report: (...manifest) => verifier!.report(...manifest) } },
    wrap(registry, epochs) {
      const store = cached(registry, epochs);
      verifier = new Verifier({ store, rules });
      return store;
    },
  };
}

/** Serves a registry with its web UI. */
export async function serveApp(): Promise<ServedApp> {
  const app = buildApp(await uiOptions());
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {}, automaticCompression: false },
    (request, info) => app.app.fetch(request, info),
  );
  const origin = `http://127.0.0.1:${server.addr.port}`;
  return { ...app, origin, [Symbol.asyncDispose]: () => server.shutdown() };
}
