import { SEARCH_PLACES, type SearchPlace } from "../../api/schemas/mod.ts";
import { ACTIONS, isRepositoryName, type RepositoryName } from "../../oci/mod.ts";
import { endpoint } from "../answering.ts";
import { type ApiServiceKind, ENDPOINTS, pathsOf } from "../endpoints.ts";
import type { Handler } from "../handler.ts";
import { badParameter, jsonAnswer, type Parameters } from "../http/mod.ts";
import type { AppHandler } from "../middleware/mod.ts";
import { methodNotAllowed, noSuchPath, readOnly } from "../refusals.ts";
import type { ApiRouteOptions } from "./options.ts";
import { optional, parseApiPage, parsePosition } from "../repository_api_route.ts";
import type { Route } from "../route.ts";
import { describeApi } from "./openapi.ts";
import { readApi } from "./read_api.ts";

/** Longest text of a search, of an account and of a claim, in characters. */
const MAX_TEXT_CHARACTERS = 256;

/** Handler of the API that belongs to no repository. */
export function apiRoute(options: ApiRouteOptions): AppHandler {
  return endpoint(options, parseApiRoute, apiHandler(options));
}

/**
 * Parses method and raw path of a request below `/v2/_skerry/`, without the tokens, which have routes of their own.
 *
 * @throws {RegistryError} 404 for an unknown path, 405 for another method, 400 for a malformed value.
 */
export function parseApiRoute(method: string, path: string, parameters: Parameters): Route<ApiServiceKind> {
  const upload = /^\/v2\/_skerry\/admin\/uploads\/([A-Za-z0-9-]{1,128})$/.exec(path)?.[1];
  if (upload !== undefined) {
    if (method !== "DELETE") throw methodNotAllowed("cancelAnyUpload");
    return { kind: "cancelAnyUpload", id: upload };
  }
  const letter = /^\/v2\/_skerry\/admin\/dead-letters\/([a-z0-9.-]{1,128})$/.exec(path)?.[1];
  if (letter !== undefined) {
    if (method === "POST") return { kind: "retryDeadLetter", id: letter };
    if (method === "DELETE") return { kind: "deleteDeadLetter", id: letter };
    throw methodNotAllowed("deleteDeadLetter");
  }
  const kind = KINDS.get(path);
  if (kind === undefined) throw noSuchPath();
  readOnly(method, kind);
  return READERS[kind](parameters);
}

type ReadKind = Exclude<ApiServiceKind, "cancelAnyUpload" | "retryDeadLetter" | "deleteDeadLetter">;

const READERS: { [Kind in ReadKind]: (parameters: Parameters) => Route<Kind> } = {
  getApiDescription: () => ({ kind: "getApiDescription" }),
  getMe: () => ({ kind: "getMe" }),
  findRepositories: (parameters) => ({
    kind: "findRepositories",
    page: parseApiPage(parameters),
    ...optional({ q: parameters.one("q") }),
  }),
  search: (parameters) => ({
    kind: "search",
    q: textIn(parameters, "q"),
    places: parameters.all("place"),
    ...optional({
      repository: optionalRepository(parameters),
      version: parameters.one("version"),
      last: parsePosition(parameters),
    }),
  }),
  listAllTokens: (parameters) => ({ kind: "listAllTokens", page: parseApiPage(parameters) }),
  listUploads: (parameters) => ({ kind: "listUploads", page: parseApiPage(parameters) }),
  listEvents: () => ({ kind: "listEvents" }),
  listDeadLetters: (parameters) => ({ kind: "listDeadLetters", page: parseApiPage(parameters) }),
  listQuotas: () => ({ kind: "listQuotas" }),
  listStorage: (parameters) => ({ kind: "listStorage", ...optional({ last: parsePosition(parameters) }) }),
  previewCollection: (parameters) => ({
    kind: "previewCollection",
    ...optional({ last: parsePosition(parameters) }),
  }),
  previewRetention: (parameters) => ({ kind: "previewRetention", repository: repositoryIn(parameters) }),
  explainPolicy: (parameters) => {
    const action = ACTIONS.find((known) => known === parameters.one("action"));
    if (action === undefined) throw badParameter("action", `must be one of ${ACTIONS.join(", ")}`);
    return {
      kind: "explainPolicy",
      who: textIn(parameters, "who"),
      action,
      repository: repositoryIn(parameters),
      claims: claimsIn(parameters),
    };
  },
  getStatus: () => ({ kind: "getStatus" }),
};

const KINDS = new Map(
  (Object.keys(READERS) as ReadKind[]).flatMap((kind) => pathsOf(kind).map((path) => [path, kind] as const)),
);

function apiHandler(options: ApiRouteOptions): Handler<ApiServiceKind> {
  const api = () => readApi(options);
  const handlers: { [Kind in ApiServiceKind]: Handler<Kind> } = {
    async getApiDescription() {
      await api();
      return jsonAnswer(describeApi(ENDPOINTS));
    },
    getMe: async (_route, _request, caller) => jsonAnswer(await (await api()).me(caller)),
    findRepositories: async ({ page, kind: _, ...rest }, _request, caller) =>
      jsonAnswer(await (await api()).listRepositories(caller, { ...page, ...rest })),
    search: async ({ places, kind: _, ...rest }, _request, caller) =>
      jsonAnswer(await (await api()).search(caller, { ...rest, ...placesIn(places) })),
    listAllTokens: async ({ page }, _request, caller) =>
      jsonAnswer(await (await api()).listTokens(caller, page)),
    listUploads: async ({ page }, _request, caller) =>
      jsonAnswer(await (await api()).listUploads(caller, page)),
    async cancelAnyUpload({ id }, _request, caller) {
      await (await api()).cancelUpload(caller, id);
      return { status: 204, headers: {} };
    },
    listEvents: async (_route, _request, caller) => jsonAnswer(await (await api()).listEvents(caller)),
    listDeadLetters: async ({ page }, _request, caller) =>
      jsonAnswer(await (await api()).listDeadLetters(caller, page)),
    async retryDeadLetter({ id }, _request, caller) {
      await (await api()).retryDeadLetter(caller, id);
      return { status: 204, headers: {} };
    },
    async deleteDeadLetter({ id }, _request, caller) {
      await (await api()).deleteDeadLetter(caller, id);
      return { status: 204, headers: {} };
    },
    listQuotas: async (_route, _request, caller) => jsonAnswer(await (await api()).listQuotas(caller)),
    listStorage: async ({ kind: _, ...page }, _request, caller) =>
      jsonAnswer(await (await api()).listStorage(caller, page)),
    previewCollection: async ({ kind: _, ...page }, _request, caller) =>
      jsonAnswer(await (await api()).previewCollection(caller, page)),
    previewRetention: async ({ repository }, _request, caller) =>
      jsonAnswer(await (await api()).previewRetention(caller, repository)),
    explainPolicy: async ({ kind: _, ...question }, _request, caller) =>
      jsonAnswer(await (await api()).explain(caller, question)),
    getStatus: async (_route, _request, caller) => jsonAnswer(await (await api()).status(caller)),
  };
  return function handleApi(route, request, caller, client) {
    const handler = handlers[route.kind] as Handler<ApiServiceKind>;
    return handler(route, request, caller, client);
  };
}

function placesIn(texts: string[]): { places?: SearchPlace[] } {
  if (texts.length === 0) return {};
  const places = SEARCH_PLACES.filter((place) => texts.includes(place));
  if (places.length < new Set(texts).size) {
    throw badParameter("place", `must be one of ${SEARCH_PLACES.join(", ")}`);
  }
  return { places };
}

function textIn(parameters: Parameters, name: string): string {
  const text = parameters.one(name) ?? "";
  if (text !== "" && text.length <= MAX_TEXT_CHARACTERS) return text;
  throw badParameter(name, `must have 1 to ${MAX_TEXT_CHARACTERS} characters`);
}

function optionalRepository(parameters: Parameters): RepositoryName | undefined {
  return parameters.one("repository") === undefined ? undefined : repositoryIn(parameters);
}

function repositoryIn(parameters: Parameters): RepositoryName {
  const name = parameters.one("repository") ?? "";
  if (isRepositoryName(name)) return name;
  throw badParameter("repository", "must be a repository");
}

/** Claims of a workload, each as `claim=<name>=<value>`. */
function claimsIn(parameters: Parameters): Record<string, string> {
  return Object.fromEntries(
    parameters.all("claim").map((claim) => {
      const equals = claim.indexOf("=");
      if (equals < 1) throw badParameter("claim", "must be <name>=<value>");
      return [claim.slice(0, equals), claim.slice(equals + 1)];
    }),
  );
}
