import type { Context } from "hono";
import { RegistryError } from "../../oci/mod.ts";
import { UNRESTRICTED_CALLER } from "../../registry/interface.ts";
import { deliver } from "../answering.ts";
import { toRegistryError } from "../errors.ts";
import { type Answer, Parameters, parametersOf } from "../http/mod.ts";
import { checkHost, type Exchange, MAX_FORM_BYTES, type RequestInfo, withAudit } from "../middleware/mod.ts";
import type { RegistryRouteOptions } from "../registry_route.ts";
import { assetAnswer } from "./assets.ts";
import { errorPage } from "./error_page.tsx";
import { loginPath } from "./layout.tsx";
import { leaflet, wantsHtml } from "./leaflet.ts";
import type { UiOptions } from "./options.ts";
import { type Page, pageAnswer, redirectTo } from "./page.tsx";
import {
  type FormRequest,
  noSuchPage,
  type PageRequest,
  type PageRoute,
  placeholdersOf,
  type Redirect,
  type ShowPage,
} from "./page_route.ts";
import { requireSameOrigin, requireUnboundHost } from "./same_origin.ts";
import { unknownViewer, type Viewer } from "./viewer.ts";

/** Environment of the web UI's own Hono app. */
export interface UiEnv {
  /** The request in the outer app, and facts from the server. */
  Bindings: { exchange: Exchange; info: RequestInfo | undefined };
}

type UiContext = Context<UiEnv>;

/** Answer with the cookies that it sets. */
interface CookedAnswer extends Answer {
  cookies?: readonly string[];
}

/** Answers requests of the web UI around the handlers of its pages: viewer, rights, layout, headers, errors. */
export class Shell {
  readonly #options: RegistryRouteOptions;
  readonly #ui: UiOptions;
  readonly #host: string | undefined;

  /** Shell of one registry. */
  constructor(options: RegistryRouteOptions, ui: UiOptions) {
    this.#options = options;
    this.#ui = ui;
    this.#host = ui.url === undefined ? undefined : new URL(ui.url).host;
  }

  /** A page. */
  showPage(c: UiContext, route: PageRoute, show: ShowPage): Promise<Response> {
    return this.#answer(c, async (viewer, exchange) => {
      if (route.path === "/" && !wantsHtml(c.req.raw)) return leaflet(viewer);
      if (needsLogin(route, viewer)) return redirectTo(loginPath(exchange.url.path));
      requireAccess(route, viewer);
      const result = await show(requestOf(c, route), viewer);
      return await answerOf(result, viewer, exchange);
    });
  }

  /**
   * Makes the change of a form, if a page of this registry has sent it: for an account, unless the registry has none or the form
   * is the login.
   */
  actOnForm(c: UiContext, route: PageRoute, act: ShowPage<FormRequest>): Promise<Response> {
    return this.#answer(c, async (viewer, exchange) => {
      const { headers } = c.req.raw;
      requireSameOrigin(headers, exchange.url, viewer.host);
      if (this.#ui.access === undefined) requireUnboundHost(exchange.url);
      else if (viewer.account === undefined && route.isOpen !== true) throw loginRequired();
      requireAccess(route, viewer);
      const form = await readForm(exchange, headers);
      const result = await act({ ...requestOf(c, route), form }, viewer);
      return await answerOf(result, viewer, exchange);
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

  /** The 405 of a path. */
  refuseMethod(c: UiContext, { show, act }: PageRoute): Promise<Response> {
    const Allow = [...(show ? ["GET", "HEAD"] : []), ...(act ? ["POST"] : [])].join(", ");
    return this.#answer(c, () => {
      throw new RegistryError("UNSUPPORTED", "Method not allowed", { headers: { Allow } });
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
    run: (viewer: Viewer, exchange: Exchange) => CookedAnswer | Promise<CookedAnswer>,
  ): Promise<Response> {
    const { exchange, info } = c.env;
    const request = c.req.raw;
    let viewer = unknownViewer(this.#host ?? exchange.url.authority);
    let answer: CookedAnswer;
    exchange.ui = request.method === "POST" ? "form" : "page";
    try {
      checkHost(request.headers, exchange.url);
      // No path has an encoded character, so each page has one path only.
      if (/[%\\]/.test(exchange.url.path)) throw noSuchPage();
      viewer = await this.#viewerOf(exchange, request);
      answer = await run(viewer, exchange);
    } catch (thrown) {
      const error = toRegistryError(thrown, exchange.id);
      if (error.status >= 500) exchange.error = thrown;
      answer = await answerOf(errorPage(error, viewer, exchange.url.path, exchange.id), viewer, exchange);
    }
    const response = deliver(answer, exchange, request, info);
    for (const cookie of answer.cookies ?? []) response.headers.append("Set-Cookie", cookie);
    return response;
  }

  async #viewerOf(exchange: Exchange, request: Request): Promise<Viewer> {
    const { access } = this.#ui;
    const host = this.#host ?? exchange.url.authority;
    if (access === undefined) {
      exchange.client.principal = UNRESTRICTED_CALLER.name;
      const caller = withAudit(UNRESTRICTED_CALLER, { need: "nothing" }, exchange, request, this.#options);
      return { caller, canLogIn: false, isAdministrator: true, host };
    }
    const viewer = await (await access()).identify(request, exchange.client);
    // While the audit log cannot be written, logins are accepted and changes are not.
    const need = /^\/log(in|out)$/.test(exchange.url.path) ? "login" : "nothing";
    const caller = withAudit(viewer.caller, { need }, exchange, request, this.#options);
    return { ...viewer, caller, host };
  }
}

/** True for a page of the viewer's own account, while no account is logged in. */
function needsLogin({ path }: PageRoute, { account, canLogIn }: Viewer): boolean {
  return path.startsWith("/account") && account === undefined && canLogIn;
}

/**
 * Pages below `/admin` are for administrators. For all others they do not exist.
 *
 * @throws {RegistryError} 404
 */
function requireAccess({ path }: PageRoute, { account, isAdministrator }: Viewer): void {
  if (/^\/admin(\/|$)/.test(path) && !isAdministrator) throw noSuchPage();
  if (/^\/account(\/|$)/.test(path) && account === undefined) throw noSuchPage();
}

function loginRequired(): RegistryError {
  return new RegistryError("DENIED", "Your session has ended, or you have not logged in");
}

function requestOf(c: UiContext, { path }: PageRoute): PageRequest {
  const { url, client } = c.env.exchange;
  return {
    path: url.path,
    values: Object.fromEntries(placeholdersOf(path).map((name) => [name, c.req.param(name)!])),
    parameters: parametersOf(url),
    query: url.query ?? "",
    headers: c.req.raw.headers,
    client,
  };
}

/** Fields of a form as browsers send it by default. */
async function readForm(exchange: Exchange, headers: Headers): Promise<Parameters> {
  const type = headers.get("Content-Type")?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== undefined && type !== "application/x-www-form-urlencoded") {
    throw new RegistryError("UNSUPPORTED", "Form is not application/x-www-form-urlencoded", { status: 400 });
  }
  return await exchange.readBody!((bytes) => new Parameters(new TextDecoder().decode(bytes), MAX_FORM_BYTES));
}

async function answerOf(result: Page | Redirect, viewer: Viewer, exchange: Exchange): Promise<CookedAnswer> {
  const { cookies = [] } = result;
  const answer = "location" in result
    ? redirectTo(result.location)
    : await pageAnswer(result, { viewer, ...placeOf(exchange) });
  return { ...answer, cookies };
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
