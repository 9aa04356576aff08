import { timingSafeEqual } from "node:crypto";
import { TtlCache } from "../../storage/ttl_cache.ts";
import { unavailable } from "../../oci/mod.ts";
import { type Item, repeatOnConflict, RETRY, type Table } from "../../storage/ports.ts";
import { accountName, fingerprintOf, isRobotName, type PasswordSource } from "../passwords/mod.ts";
import { areGrants, EVERYTHING } from "../policy/mod.ts";
import { ACCOUNT_TOKENS, type AccountTokenAttributes, accountTokenKey, accountTokensOf } from "../items.ts";
import type { Grant, Principal } from "../principal.ts";
import { AccountTokenError } from "./account_token_error.ts";
import { makeAccountToken, readAccountToken } from "./account_token_text.ts";

/** Owner of an account token. */
export interface AccountTokenOwner {
  /** A robot account has no password, only its tokens. */
  kind: "robot" | "user";
  /** Name of the robot account, or of the user. */
  name: string;
}

/** New account token. Times are in milliseconds since the epoch. */
export interface NewAccountToken extends AccountTokenOwner {
  /** Purpose, as free text of its creator. */
  description?: string;
  /** Restrictions. Default: everything that its owner may do. */
  bounds?: readonly Grant[];
  /** Expiry; none by default. */
  expiresAt?: number;
  /** Name of the principal that creates it. */
  createdBy: string;
}

/** Account token without the text that logs in. */
export interface AccountTokenInfo extends AccountTokenOwner {
  /** Public id. */
  id: string;
  /** Purpose, as free text of its creator. */
  description: string;
  /** Restrictions. */
  bounds?: readonly Grant[];
  /** Creation time. */
  createdAt: number;
  /** Name of the principal that created it. */
  createdBy: string;
  /** Expiry, possibly in the past: an expired token stays in the list until its owner gets another one. */
  expiresAt?: number;
  /** Last use, with a precision of an hour. */
  usedAt?: number;
  /** True if its user has a new password or was removed. The token is rejected until an operator keeps it. */
  suspended?: boolean;
  /** True if it is suspended because an earlier release created it without its account. */
  withoutAccount?: boolean;
}

/** Options of {@linkcode AccountTokens}. */
export interface AccountTokensOptions {
  /** Table that stores their hashes. */
  table: Table;
  /**
   * Finds the current user of this name. `credential` distinguishes the account from an earlier or later one of the
   * same name, because password hashes are salted.
   */
  findUser: (name: string) => Pick<Principal, "credential"> | undefined | Promise<Principal | undefined>;
  /** Maximum lifetime in milliseconds; unlimited by default. With a limit, a token without expiry is rejected. */
  maxLifetime?: number;
  /** True if uses of a token may be recorded in the table. Default: true. */
  touch?: boolean;
  /** The present in milliseconds since the epoch. */
  now?: () => number;
}

/** Milliseconds for which another process may accept a token after it was revoked. */
const CACHE_TTL_MS = 60_000;

/** Maximum account tokens in memory. */
const MAX_CACHED_TOKENS = 10_000;

/** Minimum milliseconds between two writes of the last use of an account token. */
const TOUCH_PERIOD_MS = 3_600_000;

const HOUR_MS = 3_600_000;

/** Maximum account tokens of one owner. */
const MAX_TOKENS_PER_OWNER = 100;

/** Maximum characters of a description. */
const MAX_DESCRIPTION_CHARACTERS = 256;

type StoredAccountToken = Item & { attributes: AccountTokenAttributes };

/** Account tokens: robot accounts log in with them, and users who do not want to share their password. */
export class AccountTokens implements PasswordSource {
  readonly #options: Required<AccountTokensOptions>;
  readonly #known: TtlCache<{ item: StoredAccountToken; used: boolean }>;

  /** Account tokens in the table. */
  constructor({ touch = true, now = Date.now, maxLifetime = Infinity, ...options }: AccountTokensOptions) {
    this.#options = { ...options, touch, now, maxLifetime };
    this.#known = new TtlCache({ age: CACHE_TTL_MS, count: MAX_CACHED_TOKENS, now });
  }

  /**
   * Creates an account token. Its text is returned once and cannot be read again.
   *
   * @throws {AccountTokenError} for invalid terms, or if the owner has too many tokens.
   */
  async create(token: NewAccountToken): Promise<{ text: string; info: AccountTokenInfo }> {
    const { table, now, maxLifetime } = this.#options;
    const asked = attributesOf(token, now(), maxLifetime);
    const account = await this.#accountOf(asked);
    if (asked.kind === "user" && account === undefined) throw new AccountTokenError("No such user");
    const attributes = { ...asked, ...(account !== undefined && { account }) };
    await this.#makeRoom(attributes);
    const { text, id, hash } = makeAccountToken();
    const item = { ...accountTokenKey(id), attributes: { ...attributes, hash } };
    const index = { pk: accountTokensOf(attributes), sk: id };
    const version = await table.put({ ...item, index }, { ifAbsent: true });
    // 95 random bits were used before: another request has created the same token.
    if (version === undefined) {
      throw new AccountTokenError("Cannot create the token: its id exists (try again)");
    }
    return { text, info: await this.#infoOf({ ...item, version }) };
  }

  /**
   * Robot account or user of an account token; `username` must be its name.
   *
   * @throws {UnavailableError} if the table can't tell.
   */
  async verify(username: string, password: string): Promise<Principal | undefined> {
    const token = readAccountToken(password);
    const known = token === undefined ? undefined : await this.#read(token.id);
    if (token === undefined || known === undefined) return undefined;
    const { hash, name } = known.item.attributes;
    if (!timingSafeEqual(Buffer.from(hash, "hex"), Buffer.from(token.hash, "hex"))) return undefined;
    if (accountName(username) !== name) return undefined;
    const principal = await this.#principalOf(known.item);
    if (principal !== undefined && !known.used) {
      known.used = true;
      await this.#touch(known.item);
    }
    return principal;
  }

  /** Principal of an account token, by the {@linkcode Principal.credential} of an earlier login with it. */
  async find(credential: string): Promise<Principal | undefined> {
    const known = await this.#read(credential.slice(0, credential.indexOf(".")));
    const principal = known && await this.#principalOf(known.item);
    return principal?.credential === credential ? principal : undefined;
  }

  /** True if this {@linkcode Principal.credential} can never be used again: its token was removed or has expired. */
  async hasEnded(credential: string): Promise<boolean> {
    if (!credential.includes(".")) return false; // that of a user's password
    const known = await this.#read(credential.slice(0, credential.indexOf(".")));
    return known === undefined || this.#endOf(known.item.attributes) <= this.#options.now();
  }

  /** Account token with this id; `undefined` if it does not exist. */
  async get(id: string): Promise<AccountTokenInfo | undefined> {
    const item = await this.#options.table.get(accountTokenKey(id), { consistent: true });
    return item && await this.#infoOf(item as StoredAccountToken);
  }

  /** Account tokens of every account, or of one owner, sorted by id: at most `limit` of those after `after`. */
  async list(
    { owner, limit, after }: { owner?: AccountTokenOwner; limit: number; after?: string },
  ): Promise<{ tokens: AccountTokenInfo[]; next?: string }> {
    const { table } = this.#options;
    const options = { limit: limit + 1, ...(after !== undefined && { after }) };
    const items = owner === undefined
      ? await table.query(ACCOUNT_TOKENS, { ...options, consistent: true })
      : await table.queryIndex(accountTokensOf(owner), options);
    const page = items.slice(0, limit);
    const next = items.length > limit ? page.at(-1)?.sk : undefined;
    // The index may still contain revoked tokens.
    const current = owner === undefined
      ? page
      : await table.getMany(page.map(({ sk }) => accountTokenKey(sk)), { consistent: true });
    const known = current.filter((item) => item !== undefined) as StoredAccountToken[];
    const tokens = await Promise.all(known.map((item) => this.#infoOf(item)));
    return { tokens, ...(next !== undefined && { next }) };
  }

  /**
   * Revokes an account token: at once in this process, and within a minute in every other. Returns its description;
   * `undefined` if it does not exist.
   */
  async revoke(id: string): Promise<AccountTokenInfo | undefined> {
    const { table } = this.#options;
    return await repeatOnConflict(async () => {
      const item = await table.get(accountTokenKey(id), { consistent: true });
      const deleted = item !== undefined && await table.delete(item, { ifVersion: item.version });
      if (item !== undefined && !deleted) return RETRY; // it was used meanwhile
      // After the delete, so that no read from before the delete is cached.
      this.#known.drop(id);
      return item && await this.#infoOf(item as StoredAccountToken);
    }, tooManyUses);
  }

  /**
   * Keeps the account tokens of a user whose password has changed: ties them to the current account. Returns their
   * number.
   *
   * @throws {AccountTokenError} if the user does not exist.
   */
  async keep(username: string): Promise<number> {
    const { table } = this.#options;
    const owner = { kind: "user", name: accountName(username) ?? "" } as const;
    const account = await this.#accountOf(owner);
    if (account === undefined) throw new AccountTokenError("No such user");
    let kept = 0;
    for (
      const { sk } of await table.queryIndex(accountTokensOf(owner), { limit: 2 * MAX_TOKENS_PER_OWNER })
    ) {
      await repeatOnConflict(async () => {
        const item = await table.get(accountTokenKey(sk), { consistent: true }) as
          | StoredAccountToken
          | undefined;
        if (item === undefined || item.attributes.account === account) return;
        const { version, ...rest } = item;
        const attributes = { ...item.attributes, account };
        if (await table.put({ ...rest, attributes }, { ifVersion: version }) === undefined) return RETRY;
        this.#known.drop(sk);
        kept++;
      }, tooManyUses);
    }
    return kept;
  }

  async #read(id: string): Promise<{ item: StoredAccountToken; used: boolean } | undefined> {
    try {
      return await this.#known.get(id, async () => {
        const item = await this.#options.table.get(accountTokenKey(id), { consistent: true });
        if (item === undefined) throw new NoSecret();
        return { item: item as StoredAccountToken, used: false };
      });
    } catch (error) {
      if (error instanceof NoSecret) return undefined;
      throw error;
    }
  }

  /** Principal of the token, if it has not expired and its owner is still the account that it was made for. */
  async #principalOf({ sk, attributes }: StoredAccountToken): Promise<Principal | undefined> {
    const { kind, name, hash, bounds } = attributes;
    if (this.#endOf(attributes) <= this.#options.now()) return undefined;
    if (await this.#isSuspended(attributes)) return undefined;
    return {
      kind,
      name: `${kind}:${name}`,
      credential: `${sk}.${fingerprintOf(hash)}`,
      ...(bounds !== undefined && { bounds: bounds as Grant[] }),
    };
  }

  /** Expiry of a token. Today's limit also applies to tokens that were created before it was set. */
  #endOf({ createdAt, expiresAt = Infinity }: AccountTokenAttributes): number {
    return Math.min(expiresAt, createdAt + this.#options.maxLifetime);
  }

  /** Distinguishes a user's account from an earlier one of the same name; absent for a robot. */
  async #accountOf({ kind, name }: AccountTokenOwner): Promise<string | undefined> {
    return kind === "robot" ? undefined : (await this.#options.findUser(name))?.credential;
  }

  async #isSuspended(attributes: AccountTokenAttributes): Promise<boolean> {
    if (attributes.kind === "robot") return false;
    const account = await this.#accountOf(attributes);
    return account === undefined || account !== attributes.account;
  }

  async #infoOf(item: Omit<StoredAccountToken, "index">): Promise<AccountTokenInfo> {
    const { hash: _, account: __, ...rest } = item.attributes;
    const expiresAt = this.#endOf(item.attributes);
    const suspended = await this.#isSuspended(item.attributes);
    return {
      id: item.sk,
      ...rest as Omit<AccountTokenInfo, "id">,
      ...(expiresAt !== Infinity && { expiresAt }),
      ...(suspended && { suspended }),
      ...(suspended && item.attributes.account === undefined && { withoutAccount: true }),
    };
  }

  /** Records the use of a token. A failure loses only this record. */
  async #touch(item: StoredAccountToken): Promise<void> {
    const { table, touch, now } = this.#options;
    const usedAt = now();
    if (!touch || usedAt < (item.attributes.usedAt ?? -Infinity) + TOUCH_PERIOD_MS) return;
    const { version, ...rest } = item;
    // By the version: otherwise the write could restore a token that was revoked meanwhile.
    await table.put({ ...rest, attributes: { ...item.attributes, usedAt } }, { ifVersion: version })
      .catch(() => {});
  }

  /** Ensures that the owner may have one more token; deletes expired ones if needed. */
  async #makeRoom(owner: AccountTokenOwner): Promise<void> {
    const { table, now } = this.#options;
    const others = await table.queryIndex(accountTokensOf(owner), {
      limit: MAX_TOKENS_PER_OWNER + 1,
    }) as StoredAccountToken[];
    const ended = others.filter(({ attributes }) => this.#endOf(attributes) <= now());
    for (const item of ended) await table.delete(item, { ifVersion: item.version });
    if (others.length - ended.length >= MAX_TOKENS_PER_OWNER) {
      throw new AccountTokenError(
        `Cannot create more than ${MAX_TOKENS_PER_OWNER} tokens for "${owner.name}"`,
      );
    }
  }
}

/** Thrown for a missing token, so that {@linkcode TtlCache} does not cache it. */
class NoSecret extends Error {}

/**
 * @throws {AccountTokenError} for invalid terms.
 */
function attributesOf(
  token: NewAccountToken,
  now: number,
  maxLifetime: number,
): Omit<AccountTokenAttributes, "hash"> {
  const { kind, description = "", expiresAt, createdBy } = token;
  const name = kind === "robot" ? token.name : accountName(token.name);
  if (name === undefined || kind === "robot" && !isRobotName(name)) {
    throw new AccountTokenError(`Expected the name of a ${kind === "robot" ? "robot account" : "user"}`);
  }
  if (description.length > MAX_DESCRIPTION_CHARACTERS || /\p{C}/u.test(description)) {
    throw new AccountTokenError(
      `Expected a description of at most ${MAX_DESCRIPTION_CHARACTERS} characters on one line`,
    );
  }
  if (expiresAt !== undefined && !(Number.isSafeInteger(expiresAt) && expiresAt > now)) {
    throw new AccountTokenError("Expected an expiry in the future");
  }
  if (maxLifetime !== Infinity && (expiresAt ?? Infinity) > now + maxLifetime) {
    throw new AccountTokenError(
      `Expected an expiry within ${Math.floor(maxLifetime / HOUR_MS)} hours from now`,
    );
  }
  // A personal access token never has the rights of the password: its holder cannot create other tokens.
  const bounds = token.bounds ?? (kind === "user" ? EVERYTHING : undefined);
  if (bounds !== undefined && !areGrants(bounds)) {
    throw new AccountTokenError("Expected grants, each with actions and a pattern of repositories");
  }
  return {
    kind,
    name,
    description,
    createdAt: now,
    createdBy,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(bounds !== undefined && {
      bounds: bounds.map(({ repositories, actions }) => ({ repositories, actions: [...actions] })),
    }),
  };
}

function tooManyUses(): never {
  throw unavailable("Too many requests use this account token at once");
}
