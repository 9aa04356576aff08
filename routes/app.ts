import { HonoBase } from "hono/hono-base";
import { RegExpRouter } from "hono/router/reg-exp-router";
import { answerError, refusal } from "./answering.ts";
import { routerPath } from "./http/mod.ts";
import {
  accessLog,
  answerBegins,
  type AppEnv,
  type AppHandler,
  compose,
  exchange,
  type Middleware,
  type RequestLog,
  unreadBody,
} from "./middleware/mod.ts";
import type { PublicFaceOptions } from "./public/mod.ts";
import { noSuchPath } from "./refusals.ts";
import type { RegistryRouteOptions } from "./registry_route.ts";
import { addServices, type ServiceOptions } from "./services.ts";
import type { UiOptions } from "./ui/mod.ts";

/** Parts of an app. */
export interface AppOptions extends ServiceOptions, RegistryRouteOptions {
  /** Receives one entry for every request, when its answer has been sent. */
  log: (entry: RequestLog) => void;
  /** Receives the same entry when the answer begins. */
  began?: (entry: RequestLog) => void;
  /** Origins whose web pages may use the API, or `*`; none by default. */
  apiOrigins?: readonly string[];
  /** Host names under which anonymous clients pull, and nothing else works. Without it every host is the main one. */
  publicFace?: PublicFaceOptions;
  /** Web UI. Without it `/` is a leaflet, and the other paths of the UI do not exist. */
  ui?: UiOptions;
}

/** Paths of the web UI. `routes/ui` has the pages below them. */
const UI_PATHS = [
  "/",
  "/search",
  "/r/*",
  "/login",
  "/login/*",
  "/logout",
  "/account",
  "/account/*",
  "/admin",
  "/admin/*",
  "/assets/*",
] as const;

/** The Hono app of a registry, without paths. It decodes no path before its router reads it. */
export class App extends HonoBase<AppEnv> {
  constructor() {
    // Measured: the linear one loads hardly faster, and costs a pull 4 µs.
    super({ router: new RegExpRouter(), getPath: (request) => routerPath(request.url) });
    this.onError(answerError);
  }
}

/**
 * The registry as a Hono app: for `Deno.serve({ automaticCompression: false }, app.fetch)`, for `app.request(path)` in a test,
 * and for `outer.route("/", app)` in another Hono app.
 *
 * The middleware is part of each path's handler and not added to `*`: an outer app gets the paths of the registry and no
 * others, so it keeps its own middleware, its other paths and its own answer to unknown ones.
 */
export function createApp(options: AppOptions): App {
  const { log, began } = options;
  const traced = began === undefined ? [] : [answerBegins(began)];
  const middleware = [
    ...crossOrigins(options),
    exchange(),
    accessLog(log),
    ...traced,
    unreadBody(),
    ...publicFaces(options),
  ];
  const around = (handler: AppHandler) => compose(middleware, handler);
  const app = new App();
  const { ui } = options;
  if (ui !== undefined) {
    const handler = around(deferredRoute(async () => (await importUi()).uiRoute(options, ui)));
    for (const path of UI_PATHS) app.all(path, handler);
  }
  addServices(app, options, around);
  app.all(
    "/v2/_skerry/*",
    around(deferredRoute(async () => (await importApi()).apiRoute(options))),
  );
  app.all("/v2/*", around(deferredRoute(async () => (await importRegistryRoute()).registryRoute(options))));
  app.notFound(around(refusal(refusePath)));
  return app;
}

/** CORS, with code that its first request loads; none without origins. */
function crossOrigins({ apiOrigins = [] }: AppOptions): Middleware[] {
  if (apiOrigins.length === 0) return [];
  let made: Promise<Middleware> | undefined;
  return [async function crossOrigins(c, next) {
    if (!c.req.raw.headers.has("Origin")) return await next();
    return await (await (made ??= importCrossOrigin().then((module) => module.crossOrigin(apiOrigins))))(
      c,
      next,
    );
  }];
}

const importCrossOrigin = (): Promise<typeof import("./middleware/cross_origin.ts")> =>
  import(new URL("middleware/cross_origin.ts", import.meta.url).href);

/** Middleware of the public face, which is made by its first request; none without public hosts. */
function publicFaces(options: AppOptions): Middleware[] {
  const { publicFace: face } = options;
  if (face === undefined) return [];
  let made: Middleware | undefined;
  return [function publicFaces(c, next) {
    if (made !== undefined) return made(c, next);
    const making = importPublicFace().then(({ publicFace }) => made ??= publicFace(options, face));
    return making.then((middleware) => middleware(c, next), (error) => answerError(error, c));
  }];
}

// Not literal, so that Deno does not load at every start what only some registries need.
const importPublicFace = (): Promise<typeof import("./public/mod.ts")> =>
  import(new URL("public/mod.ts", import.meta.url).href);

const importApi = (): Promise<typeof import("./api/mod.ts")> =>
  import(new URL("api/mod.ts", import.meta.url).href);

const importUi = (): Promise<typeof import("./ui/mod.ts")> =>
  import(new URL("ui/mod.ts", import.meta.url).href);

// Not at the start, because the first answers need none of it.
const importRegistryRoute = () => import("./registry_route.ts");

/** Loads the code of `/v2/*` before its first request, which otherwise waits for it. */
export async function preloadRegistryRoute(): Promise<void> {
  await importRegistryRoute();
}

/** A handler that is made by its first request. Later requests do not wait for a promise, which a pull would notice. */
function deferredRoute(make: () => Promise<AppHandler>): AppHandler {
  let made: AppHandler | undefined;
  return function deferredRoute(c) {
    if (made !== undefined) return made(c);
    return make().then((route) => (made ??= route)(c), (error) => answerError(error, c));
  };
}

function refusePath(): never {
  throw noSuchPath();
}
