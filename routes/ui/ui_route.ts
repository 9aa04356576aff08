import { HonoBase } from "hono/hono-base";
import { PatternRouter } from "hono/router/pattern-router";
import { splitUrl } from "../http/mod.ts";
import { type AppHandler, bodyLimit, compose, type RequestInfo } from "../middleware/mod.ts";
import type { RegistryRouteOptions } from "../registry_route.ts";
import { accountRoutes } from "./account/mod.ts";
import type { UiOptions } from "./options.ts";
import { type PageRoute, patternOf } from "./page_route.ts";
import { pagesOf } from "./pages/mod.ts";
import { Shell, type UiEnv } from "./shell.ts";

/** Handler of all paths of the web UI: a Hono app of its own, which the first request loads. */
export function uiRoute(options: RegistryRouteOptions, ui: UiOptions): AppHandler {
  const shell = new Shell(options, ui);
  const app = new HonoBase<UiEnv>({
    router: new PatternRouter(),
    getPath: ({ url }) => splitUrl(url).path,
  });
  app.get("/assets/*", (c) => shell.sendAsset(c));
  const routes = byPath([...pagesOf({ ...options, ...ui }), ...accountRoutes(ui)]);
  // A path with more parts first: the name of a repository could contain them.
  for (const route of routes.toSorted((a, b) => partsOf(b) - partsOf(a))) {
    const pattern = patternOf(route.path);
    const { show, act } = route;
    if (show !== undefined) app.get(pattern, (c) => shell.showPage(c, route, show));
    if (act !== undefined) app.post(pattern, (c) => shell.actOnForm(c, route, act));
    app.all(pattern, (c) => shell.refuseMethod(c, route));
  }
  app.notFound((c) => shell.refusePath(c));
  return compose(
    [bodyLimit(options.limits)("Form")],
    async (c) =>
      await app.fetch(c.req.raw, { exchange: c.get("skerry"), info: c.env as RequestInfo | undefined }),
  );
}

/** Routes with the page and the form of each path together. */
function byPath(routes: readonly PageRoute[]): PageRoute[] {
  return [...Map.groupBy(routes, ({ path }) => path).values()].map((same) => Object.assign({}, ...same));
}

function partsOf({ path }: PageRoute): number {
  return path.split("/").length;
}
