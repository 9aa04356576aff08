import { HonoBase } from "hono/hono-base";
import { RegExpRouter } from "hono/router/reg-exp-router";
import { answerError } from "./answering.ts";
import { splitUrl } from "./http/mod.ts";
import {
  accessLog,
  admission,
  type AppContext,
  type AppEnv,
  exchange,
  type RequestLog,
  unreadBody,
} from "./middleware/mod.ts";
import { noSuchPath } from "./refusals.ts";
import type { RegistryRouteOptions } from "./registry_route.ts";
import type { ReadRoute } from "./route.ts";
import { addServices, type ServiceOptions } from "./services.ts";

/** Parts of an app. */
export interface AppOptions extends ServiceOptions, RegistryRouteOptions {
  /** Receives one entry for every request, when its answer has been sent. */
  log: (entry: RequestLog) => void;
}

/** The Hono app of a registry, without paths. It decodes no path before its router reads it. */
export class App extends HonoBase<AppEnv> {
  constructor() {
    // Measured: the linear one loads hardly faster, and costs a pull 4 µs.
    super({ router: new RegExpRouter(), getPath: (request) => splitUrl(request.url).path });
    this.onError(answerError);
  }
}

/** Paths of the registry. Hono's `/v2/*` includes `/v2`. */
const PATHS = [
  "/v2/*",
  "/token",
  "/.well-known/jwks.json",
  "/livez",
  "/readyz",
  "/startupz",
  "/",
] as const;

/**
 * The registry as a Hono app: for `Deno.serve({ automaticCompression: false }, app.fetch)`, for `app.request(path)` in a test,
 * and for `outer.route("/", app)` in another Hono app.
 *
 * The middleware is added to each path and not to `*`: an outer app gets the paths of the registry and no others, so it
 * keeps its own middleware, its other paths and its own answer to unknown ones.
 */
export function createApp(options: AppOptions): App {
  const around = [exchange(), accessLog(options.log), unreadBody()] as const;
  const app = new App();
  for (const path of PATHS) app.use(path, ...around);
  addServices(app, options);
  app.all("/v2/*", deferredRoute(async () => (await importRegistryRoute()).registryRoute(options)));

  const elsewhere = new App();
  elsewhere.all("*", ...around, admission(options, refusePath));
  app.notFound((c) => elsewhere.fetch(c.req.raw, c.env));
  return app;
}

// Not at the start, because the first answers need none of it.
const importRegistryRoute = () => import("./registry_route.ts");

/** Loads the code of `/v2/*` before its first request, which otherwise waits for it. */
export async function preloadRegistryRoute(): Promise<void> {
  await importRegistryRoute();
}

type AnyRoute = (c: AppContext) => Promise<Response>;

/** A route that is made by its first request. Later requests do not wait for a promise, which a pull would notice. */
function deferredRoute(make: () => Promise<AnyRoute>): AnyRoute {
  let made: AnyRoute | undefined;
  return function deferredRoute(c) {
    return made !== undefined ? made(c) : make().then((route) => (made ??= route)(c));
  };
}

const refusePath: ReadRoute = () => {
  throw noSuchPath();
};
