import type { Caller, Registry } from "../registry/interface.ts";
import type { Client } from "./access/mod.ts";
import { type Answer, BodyBudget } from "./http/mod.ts";
import { getBase } from "./base.ts";
import { deleteBlob, getBlob } from "./blobs.ts";
import { listRepositories } from "./catalog.ts";
import type { DeferredAccountTokens } from "./account_tokens.ts";
import { deleteRepository, discoverExtensions, getTagHistory } from "./extensions.ts";
import { getLiveness, getReadiness, getStartup } from "./health.ts";
import { getHome } from "./home.ts";
import { deleteManifest, getManifest, putManifest } from "./manifests.ts";
import { listReferrers } from "./referrers.ts";
import type { Route, RouteKind } from "./route.ts";
import { listTags } from "./tags.ts";
import type { DeferredTokens } from "./token.ts";
import {
  appendUpload,
  cancelUpload,
  commitUpload,
  getUpload,
  mountBlob,
  putBlob,
  startUpload,
} from "./uploads.ts";
import type { Handler, RequestLimits } from "./handler.ts";

/** A handler for every kind of request. */
export type Handlers = { [Kind in RouteKind]: Handler<Kind> };

/** Dependencies of {@linkcode createHandlers}. */
export interface HandlerOptions {
  /** Registry that handles the requests. */
  registry: Registry;
  /** True if the storage is reachable (readiness probe). */
  ready: () => Promise<boolean>;
  /** Warnings for the operator although it is ready: each a line of `/readyz`. */
  warnings?: () => Promise<string[]>;
  /** Limits of requests. */
  limits: RequestLimits;
  /** Makes tokens. */
  tokens?: DeferredTokens;
  /** Manages account tokens. */
  accountTokens?: DeferredAccountTokens;
}

/** Bytes of all manifests that are held in memory while they are pushed. */
const MANIFEST_BYTES = 64 * 1024 * 1024;

/** Bytes of all forms and JSON: apart from manifests, since clients without a login may send forms. */
const FORM_BYTES = 16 * 1024 * 1024;

/** Bytes of the forms of one network: 32 of the largest. */
const FORM_BYTES_PER_NETWORK = 2 * 1024 * 1024;

/** The handlers over a registry. */
export function createHandlers(
  { registry, ready, warnings, limits, tokens, accountTokens }: HandlerOptions,
): Handlers {
  const {
    bodies = new BodyBudget(Math.max(MANIFEST_BYTES, 2 * limits.maxManifestSize)),
    forms = new BodyBudget(FORM_BYTES, { share: FORM_BYTES_PER_NETWORK }),
  } = limits;
  const withRoom = { ...limits, bodies, forms };
  return {
    home: getHome(),
    live: getLiveness(),
    ready: getReadiness(ready, warnings),
    startup: getStartup(ready),
    base: getBase(),
    getBlob: getBlob(registry),
    deleteBlob: deleteBlob(registry),
    getManifest: getManifest(registry),
    putManifest: putManifest(registry, withRoom),
    deleteManifest: deleteManifest(registry),
    startUpload: startUpload(registry),
    mountBlob: mountBlob(registry),
    putBlob: putBlob(registry, limits),
    getUpload: getUpload(registry),
    appendUpload: appendUpload(registry, limits),
    commitUpload: commitUpload(registry, limits),
    cancelUpload: cancelUpload(registry),
    listTags: listTags(registry),
    getTagHistory: getTagHistory(registry),
    listReferrers: listReferrers(registry),
    listRepositories: listRepositories(registry),
    deleteRepository: deleteRepository(registry),
    discover: discoverExtensions(),
    getToken: lazily(async () => (await importTokens()).getToken(tokens)),
    postToken: lazily(async () => (await importTokens()).postToken(tokens, withRoom)),
    getJwks: lazily(async () => (await importTokens()).getJwks(tokens)),
    listAccountTokens: lazily(async () => (await importAccountTokens()).listAccountTokens(accountTokens)),
    createAccountToken: lazily(async () =>
      (await importAccountTokens()).createAccountToken(accountTokens, withRoom)
    ),
    revokeAccountToken: lazily(async () => (await importAccountTokens()).revokeAccountToken(accountTokens)),
  };
}

// Not literal, so that Deno does not load at every start what only some registries need.
const importTokens = (): Promise<typeof import("./token.ts")> =>
  import(new URL("token.ts", import.meta.url).href);
const importAccountTokens = (): Promise<typeof import("./account_tokens.ts")> =>
  import(new URL("account_tokens.ts", import.meta.url).href);

/** A handler that is made for the first request of its kind. */
function lazily<Kind extends RouteKind>(make: () => Promise<Handler<Kind>>): Handler<Kind> {
  let made: Promise<Handler<Kind>> | undefined;
  return async (route, request, caller, client) => (await (made ??= make()))(route, request, caller, client);
}

/** Calls the handler of the route's kind. */
export function handle<Kind extends RouteKind>(
  handlers: Handlers,
  route: Route<Kind>,
  request: Request,
  caller: Caller,
  client: Client,
): Answer | Promise<Answer> {
  const handler: Handler<Kind> = handlers[route.kind];
  return handler(route, request, caller, client);
}
