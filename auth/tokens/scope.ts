import { type Action, isRepositoryName, RegistryError, type RepositoryName } from "../../oci/mod.ts";

/** Actions that a scope may request in a repository; `*` means all. */
export const SCOPE_ACTIONS = ["pull", "push", "delete", "*"] as const;

/** Action of a scope, from {@linkcode SCOPE_ACTIONS}. */
export type ScopeAction = typeof SCOPE_ACTIONS[number];

/** A scope as tokens of CNCF distribution have it in their claim `access`. */
export type ResourceAccess =
  | { type: "repository"; name: RepositoryName; actions: ScopeAction[] }
  | { type: "registry"; name: "catalog"; actions: ["*"] };

/** Maximum resources of one token: clients request two or three. */
export const MAX_SCOPES = 50;

/** Maximum characters of all scopes of a request together. */
const MAX_SCOPE_CHARACTERS = 16 * 1024;

/** Actions of the registry that each action of a scope grants. */
const MEANING: Record<ScopeAction, readonly Action[]> = {
  pull: ["pull"],
  push: ["push", "overwrite"],
  delete: ["delete"],
  "*": ["pull", "push", "overwrite", "delete", "administer"],
};

/** Actions of the registry that these actions of a scope grant. */
export function meaningOf(actions: readonly ScopeAction[]): Set<Action> {
  return new Set(actions.flatMap((action) => MEANING[action]));
}

/**
 * Requested scopes, each resource once and in order: https://distribution.github.io/distribution/spec/auth/scope/. Each
 * text may contain several scopes, separated by spaces. Drops malformed scopes, unknown types and invalid repository
 * names, because a token server may grant less than requested. So a client cannot request a pattern.
 *
 * @throws {RegistryError} 400 for too many scopes.
 */
export function parseScopes(texts: readonly string[]): ResourceAccess[] {
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  if (length > MAX_SCOPE_CHARACTERS) throw tooMuch(`more than ${MAX_SCOPE_CHARACTERS} characters of scopes`);
  const found = new Map<string, ResourceAccess>();
  for (const scope of texts.flatMap((text) => text.split(" "))) {
    const access = parseScope(scope);
    if (access === undefined) continue;
    const key = `${access.type}:${access.name}`;
    const same = found.get(key);
    found.set(key, same === undefined ? access : merged(same, access));
    if (found.size > MAX_SCOPES) throw tooMuch(`more than ${MAX_SCOPES} scopes`);
  }
  return [...found.values()];
}

/** `type(class):name:actions`. The name may have a colon, so the type ends at the first one and the name at the last. */
function parseScope(scope: string): ResourceAccess | undefined {
  const first = scope.indexOf(":");
  const last = scope.lastIndexOf(":");
  if (first === last) return undefined; // There is no colon, or one.
  const name = scope.slice(first + 1, last);
  const asked = scope.slice(last + 1).split(",");
  const [, type] = TYPE.exec(scope.slice(0, first)) ?? [];
  if (type === "registry") {
    const isCatalog = name === "catalog" && asked.includes("*");
    return isCatalog ? { type, name, actions: ["*"] } : undefined;
  }
  if (type !== "repository" || !isRepositoryName(name)) return undefined;
  const actions = SCOPE_ACTIONS.filter((action) => asked.includes(action));
  return actions.length === 0 ? undefined : { type, name, actions };
}

/** Type of a scope. An optional class, such as `plugin`, describes the content and does not affect access. */
const TYPE = /^([a-z0-9]+)(?:\([a-z0-9]+\))?$/;

function merged(a: ResourceAccess, b: ResourceAccess): ResourceAccess {
  if (a.type === "registry" || b.type === "registry") return a;
  return { ...a, actions: SCOPE_ACTIONS.filter((action) => [...a.actions, ...b.actions].includes(action)) };
}

/** The scope in text. */
export function formatScope({ type, name, actions }: ResourceAccess): string {
  return `${type}:${name}:${actions.join(",")}`;
}

/** Scope that a client must request to list repositories. */
export const CATALOG: ResourceAccess = { type: "registry", name: "catalog", actions: ["*"] };

function tooMuch(what: string): RegistryError {
  return new RegistryError("UNSUPPORTED", `Cannot issue a token for ${what}`, { status: 400 });
}
