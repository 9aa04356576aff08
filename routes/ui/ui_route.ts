import { HonoBase } from "hono/hono-base";
import { PatternRouter } from "hono/router/pattern-router";
import type { Context } from "hono";
import { UNRESTRICTED_CALLER } from "../../registry/interface.ts";
import { RegistryError } from "../../oci/mod.ts";
import { deliver } from "../answering.ts";
import { toRegistryError } from "../errors.ts";
import { type Answer, parametersOf, splitUrl } from "../http/mod.ts";
import {
  type AppHandler,
  bodyLimit,
  checkHost,
  compose,
  type Exchange,
  type RequestInfo,
  withAudit,
} from "../middleware/mod.ts";
import type { RegistryRouteOptions } from "../registry_route.ts";
import { assetAnswer } from "./assets.ts";
import { errorPage } from "./error_page.tsx";
import { leaflet, wantsHtml } from "./leaflet.ts";
import type { UiOptions } from "./options.ts";
import { pageAnswer } from "./page.tsx";
import { noSuchPage, type PageRoute, patternOf, placeholdersOf } from "./page_route.ts";
import { pagesOf } from "./pages/mod.ts";
import { unknownViewer, type Viewer } from "./viewer.ts";

/** Environment of the web UI's own Hono app. */
interface UiEnv {
  Bindings: { exchange: Exchange; info: RequestInfo | undefined };
}

type UiContext = Context<UiEnv>;

/** Handler of all paths of the web UI: a Hono app of its own, which the first request loads. */
export function uiRoute(options: RegistryRouteOptions, ui: UiOptions): AppHandler {
  const shell = new Shell(options, ui);
  const app = new HonoBase<UiEnv>({
    router: new PatternRouter(),
    getPath: ({ url }) => splitUrl(url).path,
  });
  app.get("/assets/*", (c) => shell.sendAsset(c));
  // A path with more parts first: the name of a repository could contain them.
  for (const page of pagesOf(options).toSorted((a, b) => partsOf(b) - partsOf(a))) {
    app.get(patternOf(page.path), (c) => shell.showPage(c, page));
    app.all(patternOf(page.path), (c) => shell.refuseMethod(c));
  }
  app.notFound((c) => shell.refusePath(c));
  return compose(
    [bodyLimit(options.limits)("Form")],
    async (c) =>
      await app.fetch(c.req.raw, { exchange: c.get("skerry"), info: c.env as RequestInfo | undefined }),
  );
}

function partsOf({ path }: PageRoute): number {
  return path.split("/").length;
}

/** Answers requests of the web UI around the handlers of its pages: viewer, layout, headers, errors. */
class Shell {
  readonly #options: RegistryRouteOptions;
  readonly #ui: UiOptions;

  constructor(options: RegistryRouteOptions, ui: UiOptions) {
    this.#options = options;
    this.#ui = ui;
  }

  /** A page. */
  showPage(c: UiContext, { path, show }: PageRoute): Promise<Response> {
    return this.#answer(c, async (viewer, exchange) => {
      if (path === "/" && !wantsHtml(c.req.raw)) return leaflet(viewer);
      if (path.startsWith("/admin") && !viewer.isAdministrator) throw noSuchPage();
      const request = {
        path: exchange.url.path,
        values: Object.fromEntries(placeholdersOf(path).map((name) => [name, c.req.param(name)!])),
        parameters: parametersOf(exchange.url),
      };
      const page = await show(request, viewer);
      return await pageAnswer(page, { viewer, ...placeOf(exchange) });
    });
  }

  /** A file that pages load. It needs no rights. */
  sendAsset(c: UiContext): Promise<Response> {
    const { exchange, info } = c.env;
    const answer = assetAnswer(exchange.url.path);
    if (answer === undefined) return this.refusePath(c);
    exchange.ui = "asset";
    return Promise.resolve(deliver(answer, exchange, c.req.raw, info));
  }

  /** The 405 of a page. */
  refuseMethod(c: UiContext): Promise<Response> {
    return this.#answer(c, () => {
      throw new RegistryError("UNSUPPORTED", "Method not allowed", { headers: { Allow: "GET, HEAD" } });
    });
  }

  /** The 404 of a path without a page. */
  refusePath(c: UiContext): Promise<Response> {
    return this.#answer(c, () => {
      throw noSuchPage();
    });
  }

  /** Answers what `run` answers, or an error page. Never rejects. */
  async #answer(
    c: UiContext,
    run: (viewer: Viewer, exchange: Exchange) => Answer | Promise<Answer>,
  ): Promise<Response> {
    const { exchange, info } = c.env;
    const request = c.req.raw;
    let viewer = unknownViewer(this.#ui.host ?? exchange.url.authority);
    exchange.ui = request.method === "POST" ? "form" : "page";
    try {
      checkHost(request.headers, exchange.url);
      // No path has an encoded character, so each page has one path only.
      if (/[%\\]/.test(exchange.url.path)) throw noSuchPage();
      viewer = await this.#viewerOf(exchange, request);
      return deliver(await run(viewer, exchange), exchange, request, info);
    } catch (thrown) {
      const error = toRegistryError(thrown, exchange.id);
      if (error.status >= 500) exchange.error = thrown;
      const page = errorPage(error, viewer, exchange.url.path, exchange.id);
      return deliver(await pageAnswer(page, { viewer, ...placeOf(exchange) }), exchange, request, info);
    }
  }

  async #viewerOf(exchange: Exchange, request: Request): Promise<Viewer> {
    const { access, host = exchange.url.authority } = this.#ui;
    if (access === undefined) {
      exchange.client.principal = UNRESTRICTED_CALLER.name;
      const caller = withAudit(UNRESTRICTED_CALLER, { need: "nothing" }, exchange, request, this.#options);
      return { caller, canLogIn: false, isAdministrator: true, host };
    }
    const viewer = await (await access()).identify(request, exchange.client);
    const caller = withAudit(viewer.caller, { need: "nothing" }, exchange, request, this.#options);
    return { ...viewer, caller, host };
  }
}

/** Facts of the request that the layout shows. */
function placeOf({ url }: Exchange): { path: string; query?: string } {
  let query: string | undefined;
  try {
    query = parametersOf(url).one("q");
  } catch {
    query = undefined; // The page has told the client of a bad query.
  }
  return { path: url.path, ...(query !== undefined && { query }) };
}
