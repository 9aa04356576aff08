import { createHash } from "node:crypto";
import { type Action, ACTIONS } from "../registry/caller.ts";
import type { Item, Table } from "../storage/table/table.ts";
import { type LoginAttributes, loginKey, LOGINS_PREFIX } from "./items.ts";
import type { Principal } from "./principal.ts";

/** What every refresh token begins with, so that it is known where it should not be, and is no password of anybody's. */
export const REFRESH_TOKEN_PREFIX = "skrr_";

/** The prefix, 72 bits that name the partition of the principal, and 256 random bits. */
const FORM = /^skrr_([A-Za-z0-9_-]{12})([A-Za-z0-9_-]{43})$/;

/** Refresh tokens that one principal may have at a time: a job that logs in every hour drives out none but its own. */
export const MAX_LOGINS = 100;

/** Milliseconds for which a use is not written down again. */
const USE_PRECISION = 60 * 60_000;

/** Characters of a client's name for itself that are kept. */
const MAX_CLIENT = 100;

/** What {@linkcode RefreshTokens} takes. */
export interface RefreshTokensOptions {
  /** Where their hashes are. */
  table: Table;
  /** What they are good for. */
  service: string;
  /** How long one is good, in milliseconds. */
  lifetime: number;
  /**
   * The principal as they are now, read anew; `undefined` where they are not there any more, or their credential is not:
   * `credential` tells which one, where they may have several.
   */
  stillThere: (principal: Principal) => Promise<Principal | undefined>;
  /** The time in milliseconds since the epoch. */
  now: () => number;
}

/** A refresh token as it may be shown. Times are in milliseconds since the epoch. */
export interface Login {
  /** Names it, and is no secret. */
  id: string;
  /** Whose it is. */
  principal: string;
  /** What the client called itself. */
  client: string;
  /** When it was made. */
  createdAt: number;
  /** Until when it is good. */
  expiresAt: number;
  /** When it was last used, but for an hour; absent where it never was. */
  usedAt?: number;
}

type LoginItem = Item & { attributes: LoginAttributes };

/**
 * What `docker login` stores instead of the password: 256 random bits of which the table has the hash alone. It is good
 * for one service and one principal, as long as the credential is that it was made for.
 */
export class RefreshTokens {
  readonly #options: RefreshTokensOptions;

  /** The refresh tokens of one registry. */
  constructor(options: RefreshTokensOptions) {
    this.#options = options;
  }

  /**
   * A new token; `undefined` for who can have none: only users and robots have a password in its place, and only where it
   * can be told that it is still the same.
   */
  async issue(principal: Principal, client: string): Promise<string | undefined> {
    const { table, service, lifetime, now } = this.#options;
    const { kind, name, credential, bounds } = principal;
    if (kind !== "user" && kind !== "robot" || credential === undefined) return undefined;
    const tag = tagOf(name);
    await makeRoom(table, tag, now());
    const token = REFRESH_TOKEN_PREFIX + tag + randomText();
    const attributes: LoginAttributes = {
      principal: name,
      kind,
      credential,
      ...(bounds && { bounds: bounds.map((grant) => ({ ...grant, actions: [...grant.actions] })) }),
      service,
      client: client.slice(0, MAX_CLIENT),
      createdAt: now(),
      expiresAt: now() + lifetime,
    };
    const written = await table.put({ ...loginKey(tag, hashOf(token)), attributes }, { ifAbsent: true });
    if (written === undefined) throw new Error("Two random tokens are the same");
    return token;
  }

  /** Whose the token is, as they are now; `undefined` where it is not good, for whatever reason. */
  async redeem(token: string): Promise<Principal | undefined> {
    const { table, service, stillThere, now } = this.#options;
    const [, tag] = FORM.exec(token) ?? [];
    if (tag === undefined) return undefined;
    // Consistently: one that was revoked a moment ago is no more good.
    const item = await table.get(loginKey(tag, hashOf(token)), { consistent: true }) as LoginItem | undefined;
    if (item === undefined) return undefined;
    const { attributes } = item;
    if (attributes.service !== service || attributes.expiresAt <= now()) return undefined;
    const bounded = principalOf(attributes);
    const found = await stillThere(bounded);
    if (found === undefined || !isSame(found, bounded)) return undefined;
    await noteUse(table, item, now());
    // What bounded the credential bounds the token, whether or not whoever looked it up again has thought of it.
    return { ...bounded, ...found };
  }
}

/** The refresh tokens of a principal that are good, the one that was used last first. */
export async function listLogins(table: Table, principal: string, now: number): Promise<Login[]> {
  const items = await loginsIn(table, tagOf(principal));
  return items
    .filter(({ attributes }) => attributes.principal === principal && attributes.expiresAt > now)
    .sort((a, b) => lastUse(b) - lastUse(a))
    .map(loginOf);
}

/** Revokes the refresh token of a principal with this id, or all that they have, at once; answers how many. */
export async function revokeLogins(table: Table, principal: string, id?: string): Promise<number> {
  const items = await loginsIn(table, tagOf(principal));
  const chosen = items.filter((item) =>
    item.attributes.principal === principal && (id === undefined || idOf(item) === id)
  );
  for (const item of chosen) await remove(table, item);
  return chosen.length;
}

/** Deletes it, though its use may be written down at the same time. */
async function remove(table: Table, item: Item): Promise<void> {
  const key = { pk: item.pk, sk: item.sk };
  for (let found: Item | undefined = item; found !== undefined;) {
    if (await table.delete(key, { ifVersion: found.version })) return;
    found = await table.get(key, { consistent: true });
  }
}

/** Deletes what has expired, and as many of the others, longest unused first, as are too many with one more. */
async function makeRoom(table: Table, tag: string, now: number): Promise<void> {
  const items = (await loginsIn(table, tag)).sort((a, b) => lastUse(b) - lastUse(a));
  const live = items.filter(({ attributes }) => attributes.expiresAt > now);
  const expired = items.filter(({ attributes }) => attributes.expiresAt <= now);
  for (const item of [...expired, ...live.slice(MAX_LOGINS - 1)]) {
    await table.delete({ pk: item.pk, sk: item.sk }, { ifVersion: item.version });
  }
}

/** There are no more than a few beyond {@linkcode MAX_LOGINS}: those that were made at the same time. */
async function loginsIn(table: Table, tag: string): Promise<LoginItem[]> {
  return await table.query(LOGINS_PREFIX + tag, { limit: 2 * MAX_LOGINS, consistent: true }) as LoginItem[];
}

/**
 * At most once an hour; where somebody else writes at the same time, that is a use as well, or the token's end. If it fails,
 * nothing but the note is missing.
 */
async function noteUse(table: Table, { pk, sk, version, attributes }: LoginItem, now: number): Promise<void> {
  if (now - (attributes.usedAt ?? 0) < USE_PRECISION) return;
  await table.put({ pk, sk, attributes: { ...attributes, usedAt: now } }, { ifVersion: version })
    .catch(() => {});
}

function principalOf({ kind, principal, credential, bounds }: LoginAttributes): Principal {
  return {
    kind,
    name: principal,
    credential,
    ...(bounds && {
      bounds: bounds.map(({ repositories, actions }) => ({
        repositories,
        actions: actions.filter((action): action is Action => ACTIONS.some((known) => known === action)),
      })),
    }),
  };
}

function isSame(a: Principal, b: Principal): boolean {
  return a.kind === b.kind && a.name === b.name && a.credential === b.credential;
}

function lastUse({ attributes: { usedAt, createdAt } }: LoginItem): number {
  return usedAt ?? createdAt;
}

function loginOf(item: LoginItem): Login {
  const { principal, client, createdAt, expiresAt, usedAt } = item.attributes;
  return {
    id: idOf(item),
    principal,
    client,
    createdAt,
    expiresAt,
    ...(usedAt !== undefined && { usedAt }),
  };
}

/** The start of the hash: nobody can make the token of it. */
function idOf({ sk }: Item): string {
  return sk.slice(0, 12);
}

/** What names the partition of a principal. */
function tagOf(principal: string): string {
  return createHash("sha256").update(principal).digest("base64url").slice(0, 12);
}

/** A slow hash is for secrets that can be guessed. */
function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

function randomText(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: "base64url", omitPadding: true });
}
