import { AccountTokenError, formatGrant, readGrant } from "../auth/interface.ts";
import type { AccountTokenInfo, AccountTokenOwner, AccountTokens } from "../auth/mod.ts";
import { RegistryError } from "../oci/mod.ts";
import type { Caller } from "../registry/interface.ts";
import { nextLink } from "./http/content.ts";
import { jsonAnswer } from "./http/mod.ts";
import type { BodyHandler, Handler } from "./handler.ts";

/** Options of the handlers of account tokens. */
export interface AccountTokenOptions {
  /** Store of the account tokens. */
  accountTokens: Pick<AccountTokens, "create" | "get" | "list" | "revoke">;
  /** True if the principal of this name may manage every account's tokens. */
  isAdministrator: (name: string) => boolean;
}

/** Loads the options. `undefined` without accounts: these paths then answer 404. */
export type DeferredAccountTokens = (() => Promise<AccountTokenOptions>) | undefined;

/** Maximum tokens of one page, and the default without `n`. */
const MAX_PAGE_TOKENS = 1000;

/** Headers of an answer with the text of a token, which no cache may store. */
const NOT_STORED = { "Cache-Control": "no-store", Pragma: "no-cache" };

/** `GET _skerry/tokens`: lists the caller's tokens; for an administrator every account's. */
export function listAccountTokens(deferred: DeferredAccountTokens): Handler<"listAccountTokens"> {
  return async function listAccountTokens({ page }, _request, caller) {
    const { accountTokens, isAdministrator } = await open(deferred);
    const owner = isAdministrator(caller.name) ? undefined : userIn(caller);
    const limit = Math.min(page.limit ?? MAX_PAGE_TOKENS, MAX_PAGE_TOKENS);
    const found = limit === 0 ? { tokens: [] } : await accountTokens.list({
      limit,
      ...(owner && { owner }),
      ...(page.after !== undefined && { after: page.after }),
    });
    const headers = found.next === undefined
      ? {}
      : nextLink("/v2/_skerry/tokens", [["n", page.limit?.toString()], ["last", found.next]]);
    return jsonAnswer({ tokens: found.tokens.map(describe) }, headers);
  };
}

/** `POST _skerry/tokens`: creates a token; the answer contains its text, which cannot be read again. */
export function createAccountToken(deferred: DeferredAccountTokens): BodyHandler<"createAccountToken"> {
  return async function createAccountToken(_route, request, caller, _client, readBody) {
    const { accountTokens, isAdministrator } = await open(deferred);
    refuseBrowsers(request);
    const wanted = parseWanted(await readBody(parseJson));
    const isAll = isAdministrator(caller.name);
    const owner = wanted.owner ?? userIn(caller);
    const isOwn = owner.kind === "user" && caller.name === `user:${owner.name}`;
    if (!isAll && !isOwn) throw new RegistryError("DENIED", "Only an administrator may do this");
    const { text, info } = await refuseBadInput(() =>
      accountTokens.create({ ...owner, ...wanted.terms, createdBy: caller.name })
    );
    caller.changed?.({ action: "credential.create", credential: info.id });
    const location = `/v2/_skerry/tokens/${info.id}`;
    return jsonAnswer({ ...describe(info), secret: text }, { ...NOT_STORED, Location: location }, 201);
  };
}

/** `DELETE _skerry/tokens/<id>`: revokes a token. */
export function revokeAccountToken(deferred: DeferredAccountTokens): Handler<"revokeAccountToken"> {
  return async function revokeAccountToken({ id }, request, caller) {
    const { accountTokens, isAdministrator } = await open(deferred);
    refuseBrowsers(request);
    const found = await accountTokens.get(id);
    const isOwn = found?.kind === "user" && caller.name === `user:${found.name}`;
    // To a caller without the right, another account's token looks like one that does not exist.
    const revoked = isOwn || isAdministrator(caller.name) ? await accountTokens.revoke(id) : undefined;
    if (revoked === undefined) throw new RegistryError("UNSUPPORTED", "No such token", { status: 404 });
    caller.changed?.({ action: "credential.revoke", credential: id });
    return { status: 204, headers: {} };
  };
}

function open(deferred: DeferredAccountTokens): Promise<AccountTokenOptions> {
  if (deferred !== undefined) return deferred();
  throw new RegistryError("UNSUPPORTED", "No such path", { status: 404 });
}

/**
 * The caller as the owner of tokens.
 *
 * @throws {RegistryError} `DENIED` if the caller is not a user.
 */
function userIn({ name }: Caller): AccountTokenOwner {
  if (name.startsWith("user:")) return { kind: "user", name: name.slice("user:".length) };
  throw new RegistryError("DENIED", "Only users and administrators can manage tokens");
}

function describe(
  { createdAt, expiresAt, usedAt, bounds, ...rest }: AccountTokenInfo,
): Record<string, unknown> {
  return {
    ...rest,
    ...(bounds && { grants: bounds.map(formatGrant) }),
    createdAt: timeOf(createdAt),
    ...(expiresAt !== undefined && { expiresAt: timeOf(expiresAt) }),
    ...(usedAt !== undefined && { usedAt: timeOf(usedAt) }),
  };
}

/** RFC 3339. */
function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/**
 * Rejects requests from pages in a browser (RFC 6454 §7), because a browser adds stored passwords to them. No page of
 * the registry sends such requests.
 */
function refuseBrowsers({ headers }: Request): void {
  if (headers.has("Origin")) throw new RegistryError("DENIED", "Requests from a web page are refused");
}

function parseJson(bytes: Uint8Array): Record<string, unknown> {
  if (bytes.byteLength === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw badBody("must be JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw badBody("must be an object");
  return value as Record<string, unknown>;
}

/** Parsed body. */
interface Wanted {
  owner?: AccountTokenOwner;
  terms: Partial<Pick<AccountTokenInfo, "description" | "bounds" | "expiresAt">>;
}

/**
 * Parsed body.
 *
 * @throws {RegistryError} 400 for unknown members: a misspelt `expiresAt` would create a token without expiry.
 */
function parseWanted(body: Record<string, unknown>): Wanted {
  const { robot, user, description, grants, expiresAt, ...more } = body;
  const [unknown] = Object.keys(more);
  if (unknown !== undefined) throw badBody(`has an unknown member ${JSON.stringify(unknown).slice(0, 80)}`);
  if (robot !== undefined && user !== undefined) {
    throw badBody("must name a robot account or a user, not both");
  }
  const kind = robot === undefined ? "user" : "robot";
  const name = optionalText(kind === "user" ? user : robot, kind);
  const text = optionalText(description, "description");
  const end = optionalText(expiresAt, "expiresAt");
  return {
    ...(name !== undefined && { owner: { kind, name } }),
    terms: {
      ...(text !== undefined && { description: text }),
      ...(end !== undefined && { expiresAt: parseTime(end) }),
      ...(grants !== undefined && { bounds: parseGrants(grants) }),
    },
  };
}

function optionalText(value: unknown, member: string): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  throw badBody(`must have text as "${member}"`);
}

function parseTime(text: string): number {
  const [, day = ""] = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  const [time, start] = [Date.parse(text), Date.parse(day)];
  // `Date` turns the 31st of February into the 3rd of March.
  if (!Number.isNaN(time) && !Number.isNaN(start) && timeOf(start).startsWith(day)) return time;
  throw badBody('must have a time such as "2030-01-31T12:00:00Z" as "expiresAt"');
}

function parseGrants(value: unknown) {
  const entries: unknown[] = Array.isArray(value) ? value : [];
  const grants = entries.map((entry) => typeof entry === "string" ? readGrant(entry) : undefined);
  const known = grants.filter((grant) => grant !== undefined);
  if (known.length === 0 || known.length < grants.length) {
    throw badBody('must have a list of grants such as "pull,push:team/**" as "grants"');
  }
  return known;
}

function badBody(problem: string): RegistryError {
  return new RegistryError("UNSUPPORTED", `Body ${problem}`, { status: 400 });
}

async function refuseBadInput<T>(create: () => Promise<T>): Promise<T> {
  try {
    return await create();
  } catch (error) {
    if (!(error instanceof AccountTokenError)) throw error;
    throw new RegistryError("UNSUPPORTED", error.message, { status: 400 });
  }
}
