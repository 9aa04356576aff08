import { createHash, createHmac } from "node:crypto";
import { unavailable } from "../../oci/mod.ts";
import { type Item, type Key, queryPages, repeatOnConflict, RETRY, type Table } from "../../storage/ports.ts";
import { type RefreshTokenAttributes, refreshTokenKey, refreshTokensOf } from "../items.ts";
import type { Principal } from "../principal.ts";
import { principalOf, storedPrincipal } from "./stored_principal.ts";

/** Prefix of every refresh token, so that secret scanners find it and no password looks like one. */
export const REFRESH_TOKEN_PREFIX = "skrr_";

/**
 * The prefix; 72 bits that name the partition of the principal, and 48 that name the credential; 96 random bits that name
 * the item and are known to the client alone; and 256 random bits, which change when the token is replaced.
 */
const FORM = /^skrr_([A-Za-z0-9_-]{12})([A-Za-z0-9_-]{8})([A-Za-z0-9_-]{16})[A-Za-z0-9_-]{43}$/;

/** Maximum refresh tokens of one credential. Other credentials and principals have limits of their own. */
export const MAX_TOKENS_PER_CREDENTIAL = 100;

/** Milliseconds for which a replaced token is still accepted: its client may not have received the replacement. */
export const REPLACED_TOLERANCE_MS = 60_000;

/** Minimum milliseconds between two writes of the last use of a refresh token. */
const USE_PRECISION_MS = 60 * 60_000;

/** Maximum attempts of a write that conflicts with other requests. */
const MAX_ATTEMPTS = 5;

/** Maximum items that one query of the table returns. */
const PAGE_ITEMS = 200;

/** Refresh tokens of other credentials that each new one checks, to delete those that can never be used again. */
const CLEANED_ITEMS = 10;

/** Maximum stored characters of the name that a client gave itself. */
const MAX_CLIENT_CHARACTERS = 100;

/** Options of {@linkcode RefreshTokens}. */
export interface RefreshTokensOptions {
  /** Table that stores their hashes. */
  table: Table;
  /** Audience of the tokens. */
  service: string;
  /** Lifetime in milliseconds. */
  lifetime: number;
  /** Milliseconds without a use after which a token is rejected, with a precision of an hour; no limit by default. */
  idle?: number;
  /**
   * Principal with its current rights; `undefined` if the account or its credential no longer exists. `credential`
   * identifies the credential if the account has several.
   */
  findPrincipal: (principal: Principal) => Promise<Principal | undefined>;
  /** True if a credential was removed or has expired, so none of its refresh tokens can be used again. */
  hasEnded: (credential: string) => Promise<boolean>;
  /** Called for a refresh token that was revoked because a replaced one was used: two parties have it. */
  reused?: (token: Pick<RefreshTokenInfo, "id" | "principal">) => void;
  /** The time in milliseconds since the epoch. */
  now: () => number;
}

/** Rights of a refresh token. */
export interface Redeemed {
  /** The principal, as it is now. */
  principal: Principal;
  /** Token that replaces the redeemed one, if requested. */
  replacement?: string;
}

/** A refresh token as it may be shown. Times are in milliseconds since the epoch. */
export interface RefreshTokenInfo {
  /** Public id. */
  id: string;
  /** Name of the principal. */
  principal: string;
  /** Name that the client gave itself. */
  client: string;
  /** Creation time. */
  createdAt: number;
  /** Expiry. */
  expiresAt: number;
  /** Last use, with a precision of an hour; absent if it was never used. */
  usedAt?: number;
  /** True if the token is rejected because its credential was removed or changed, or has expired. */
  refused?: boolean;
}

type RefreshTokenItem = Item & { attributes: RefreshTokenAttributes };

/**
 * Refresh tokens: `docker login` stores one instead of the password. A token has 256 random bits, of which the table
 * stores only the hash. It is valid for one service and one principal, as long as the credential exists that it was
 * issued for.
 *
 * Each refresh token is one item, and so are all its replacements together. Docker and podman keep the token that they have stored, so a token is replaced only for a
 * client that requests it and will store the new one.
 */
export class RefreshTokens {
  readonly #options: RefreshTokensOptions;

  /** The refresh tokens of one registry. */
  constructor(options: RefreshTokensOptions) {
    this.#options = options;
  }

  /**
   * Issues a token; `undefined` for a principal that cannot have one. Only users and robots can, because their password
   * can be checked again later, and accounts of a provider of logins until their login expires.
   */
  async issue(principal: Principal, client: string): Promise<string | undefined> {
    const { table, service, lifetime, hasEnded, now } = this.#options;
    const stored = storedPrincipal(principal);
    if (stored === undefined) return undefined;
    const { expiresAt = Infinity } = principal;
    const tag = tagOf(stored.principal);
    const credentialTag = credentialTagOf(stored.credential);
    await makeRoom(table, tag, credentialTag, now());
    await dropUseless(table, tag, hasEnded, now());
    const family = randomText(12);
    const token = REFRESH_TOKEN_PREFIX + tag + credentialTag + family + randomText(32);
    const attributes: RefreshTokenAttributes = {
      ...stored,
      service,
      client: client.slice(0, MAX_CLIENT_CHARACTERS),
      hash: hashOf(token),
      createdAt: now(),
      expiresAt: Math.min(now() + lifetime, expiresAt),
    };
    const written = await table.put({ ...refreshTokenKey(tag, credentialTag, hashOf(family)), attributes }, {
      ifAbsent: true,
    });
    if (written === undefined) throw new Error("Cannot store the refresh token: its random value exists");
    return token;
  }

  /**
   * Principal of a refresh token, with its current rights; `undefined` for any invalid token.
   *
   * With `replace` the token is replaced (RFC 9700 §4.14.2), in these steps:
   *
   * 1. Read the item with a consistent read: a token that was just revoked is not valid.
   * 2. A token that is neither the item's last one nor, within a tolerance, the one before it, has been replaced. Two
   *   parties have the token, and either may be the thief: delete the item.
   * 3. Derive the replacement from the token and a salt, so that every request with the same token gets the same
   *   replacement: concurrent requests, and a retry after a lost answer.
   * 4. Write its hash by the version that was read; after a conflict start again.
   */
  async redeem(token: string, { replace = false } = {}): Promise<Redeemed | undefined> {
    const key = keyOf(token);
    if (key === undefined) return undefined;
    const redeemOnce = () => this.#redeemOnce(key, token, replace);
    return await repeatOnConflict(redeemOnce, tooManyUses, { attempts: MAX_ATTEMPTS });
  }

  /** Revokes a token at once, at the request of its holder. An invalid one is ignored. */
  async end(token: string): Promise<void> {
    const { table, service } = this.#options;
    const key = keyOf(token);
    const item = key && await table.get(key, { consistent: true }) as RefreshTokenItem | undefined;
    if (item?.attributes.hash !== hashOf(token) || item.attributes.service !== service) return;
    await remove(table, item);
  }

  /** One attempt of {@linkcode redeem}, with its steps. */
  async #redeemOnce(key: Key, token: string, replace: boolean): Promise<Redeemed | undefined | typeof RETRY> {
    const { table, service, idle = Infinity, findPrincipal, reused, now } = this.#options;
    const item = await table.get(key, { consistent: true }) as RefreshTokenItem | undefined; // 1
    if (item === undefined) return undefined;
    const { attributes } = item;
    if (attributes.service !== service || attributes.expiresAt <= now()) return undefined;
    if (lastUse(item) + idle <= now()) return undefined;
    const presented = hashOf(token);
    const isLast = presented === attributes.hash;
    const replaced = attributes.replaced?.hash === presented ? attributes.replaced : undefined;
    if (!isLast && (replaced === undefined || replaced.at + REPLACED_TOLERANCE_MS <= now())) { // 2
      await remove(table, item);
      reused?.(infoOf(item));
      return undefined;
    }
    const principal = await currentPrincipal(attributes, findPrincipal);
    if (principal === undefined) return undefined;
    if (!replace) {
      await noteUse(table, item, now());
      return { principal };
    }
    const salt = replaced?.salt ?? randomText(32); // 3
    const replacement = replacementOf(token, salt);
    if (!isLast) return { principal, replacement };
    const next: RefreshTokenAttributes = {
      ...attributes,
      hash: hashOf(replacement),
      replaced: { hash: presented, salt, at: now() },
      usedAt: now(),
    };
    const written = await table.put({ ...key, attributes: next }, { ifVersion: item.version }); // 4
    return written === undefined ? RETRY : { principal, replacement };
  }
}

/** Key of the item of a token; `undefined` for a text of another form. */
function keyOf(token: string): Key | undefined {
  const [, tag, credentialTag, family] = FORM.exec(token) ?? [];
  if (tag === undefined || credentialTag === undefined || family === undefined) return undefined;
  return refreshTokenKey(tag, credentialTag, hashOf(family));
}

/** Refresh tokens of a principal that have not expired, the most recently used first. */
export async function listRefreshTokens(
  table: Table,
  principal: string,
  { findPrincipal, now }: { findPrincipal: RefreshTokensOptions["findPrincipal"]; now: number },
): Promise<RefreshTokenInfo[]> {
  const items = (await refreshTokensIn(table, tagOf(principal)))
    .filter(({ attributes }) => attributes.principal === principal && attributes.expiresAt > now)
    .sort((a, b) => lastUse(b) - lastUse(a));
  const tokens: RefreshTokenInfo[] = [];
  for (const item of items) {
    const isGood = await currentPrincipal(item.attributes, findPrincipal) !== undefined;
    tokens.push({ ...infoOf(item), ...(!isGood && { refused: true }) });
  }
  return tokens;
}

/** Revokes the refresh token of a principal with this id, or all of them, at once. Returns their number. */
export async function revokeRefreshTokens(table: Table, principal: string, id?: string): Promise<number> {
  const items = await refreshTokensIn(table, tagOf(principal));
  const chosen = items.filter((item) =>
    item.attributes.principal === principal && (id === undefined || idOf(item) === id)
  );
  for (const item of chosen) await remove(table, item);
  return chosen.length;
}

/** Deletes a refresh token, even if its last use is written concurrently. */
async function remove(table: Table, item: Item): Promise<void> {
  const key = { pk: item.pk, sk: item.sk };
  let found: Item | undefined = item;
  await repeatOnConflict(async () => {
    if (found === undefined || await table.delete(key, { ifVersion: found.version })) return;
    found = await table.get(key, { consistent: true });
    return RETRY;
  }, tooManyUses);
}

function tooManyUses(): never {
  throw unavailable("Too many requests use this refresh token at once");
}

/** Deletes expired refresh tokens of one credential, and the longest unused ones beyond the limit, so that one more fits. */
async function makeRoom(table: Table, tag: string, credentialTag: string, now: number): Promise<void> {
  const items = (await refreshTokensIn(table, tag, credentialTag)).sort((a, b) => lastUse(b) - lastUse(a));
  const live = items.filter(({ attributes }) => attributes.expiresAt > now);
  const expired = items.filter(({ attributes }) => attributes.expiresAt <= now);
  for (const item of [...expired, ...live.slice(MAX_TOKENS_PER_CREDENTIAL - 1)]) {
    await table.delete({ pk: item.pk, sk: item.sk }, { ifVersion: item.version });
  }
}

/**
 * Deletes those of a few refresh tokens that have expired or whose credential no longer exists. It takes them from a
 * random place in the principal's partition. Each new token checks more tokens than it adds, so the partition stays small although personal
 * access tokens come and go.
 */
async function dropUseless(
  table: Table,
  tag: string,
  hasEnded: RefreshTokensOptions["hasEnded"],
  now: number,
): Promise<void> {
  const after = randomText(6); // anywhere among the tags of credentials
  const items = await table.query(refreshTokensOf(tag), {
    after,
    limit: CLEANED_ITEMS,
  }) as RefreshTokenItem[];
  const isUseless = new Map<string, boolean>();
  for (const { pk, sk, version, attributes: { credential, expiresAt } } of items) {
    if (expiresAt > now) {
      if (!isUseless.has(credential)) isUseless.set(credential, await hasEnded(credential));
      if (!isUseless.get(credential)) continue;
    }
    await table.delete({ pk, sk }, { ifVersion: version });
  }
}

/** Refresh tokens of a principal, or of one credential. */
async function refreshTokensIn(table: Table, tag: string, prefix = ""): Promise<RefreshTokenItem[]> {
  const found: RefreshTokenItem[] = [];
  const query = { prefix, limit: PAGE_ITEMS, consistent: true };
  for await (const items of queryPages(table, refreshTokensOf(tag), query)) {
    found.push(...items as RefreshTokenItem[]);
  }
  return found;
}

/**
 * At most once an hour. After a conflict the other write was a use too, or revoked the token. A failure loses only this
 * note.
 */
async function noteUse(
  table: Table,
  { pk, sk, version, attributes }: RefreshTokenItem,
  now: number,
): Promise<void> {
  if (now - (attributes.usedAt ?? 0) < USE_PRECISION_MS) return;
  await table.put({ pk, sk, attributes: { ...attributes, usedAt: now } }, { ifVersion: version })
    .catch(() => {});
}

/** Current principal of a refresh token; `undefined` if its credential was removed or changed, or has expired. */
async function currentPrincipal(
  attributes: RefreshTokenAttributes,
  findPrincipal: RefreshTokensOptions["findPrincipal"],
): Promise<Principal | undefined> {
  const bounded = principalOf(attributes);
  const found = await findPrincipal(bounded);
  // The bounds of the credential also bound the token, even if a later lookup does not know them.
  return found !== undefined && isSame(found, bounded) ? { ...bounded, ...found } : undefined;
}

function isSame(a: Principal, b: Principal): boolean {
  return a.kind === b.kind && a.name === b.name && a.credential === b.credential;
}

function lastUse({ attributes: { usedAt, createdAt } }: RefreshTokenItem): number {
  return usedAt ?? createdAt;
}

function infoOf(item: RefreshTokenItem): RefreshTokenInfo {
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

/** The start of a hash, from which no token can be made. */
function idOf({ sk }: Item): string {
  return sk.slice(sk.indexOf("#") + 1).slice(0, 12);
}

/** Hash of a principal for its partition. */
function tagOf(principal: string): string {
  return createHash("sha256").update(principal).digest("base64url").slice(0, 12);
}

/** Hash of a credential for the sort keys of its refresh tokens. */
function credentialTagOf(credential: string): string {
  return createHash("sha256").update(`login ${credential}`).digest("base64url").slice(0, 8);
}

/** Token that replaces another one of the same item. Only the holder of the other one can compute it. */
function replacementOf(token: string, salt: string): string {
  const secret = createHmac("sha256", salt).update(token).digest("base64url");
  return token.slice(0, -secret.length) + secret;
}

/** A slow hash is for secrets that can be guessed. */
function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

function randomText(bytes: number): string {
  return crypto.getRandomValues(new Uint8Array(bytes)).toBase64({ alphabet: "base64url", omitPadding: true });
}
