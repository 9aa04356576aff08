import { type Key, keyFrom, keyParser, keyText, type ParsedKey } from "../storage/ports.ts";

/**
 * Items of authentication: their keys and attributes. Every partition is `auth` or begins with `auth#`. Times are in
 * milliseconds since the epoch.
 */

/** Keys of every kind of item of authentication, as the table of ARCHITECTURE.md has them. */
export const AUTH_FORMS = {
  keys: { pk: "auth", sk: "keys" },
  "account token": { pk: "auth#secrets", sk: "<id>" },
  "refresh token": { pk: "auth#logins#<account>", sk: "<credential>#<hash>" },
  failures: { pk: "auth#failures#<shard>", sk: "<counted>#<hash>" },
} as const;

/** Partition of the index that lists the account tokens of one owner. */
const ACCOUNT_TOKENS_OF = "auth#secrets#<owner>";

/** Kind and parts of an item of authentication, by its key. */
export type AuthItemKey = ParsedKey<typeof AUTH_FORMS>;

const parse = keyParser(AUTH_FORMS);

/** Kind and parts of the item with this key; `undefined` for an item that does not belong to authentication. */
export function identifyAuth(key: Key): AuthItemKey | undefined {
  return parse(key);
}

/** Keys that sign, or have signed, tokens, in the order in which they begin to sign. */
export type KeyRingAttributes = {
  /** Longest lifetime of any token that these keys may have signed. */
  lifetime: number;
  keys: StoredKey[];
};

/** An Ed25519 key as RFC 8037 §2 writes it. */
export type StoredKey = {
  /** Its thumbprint, RFC 7638: no other key has it. */
  kid: string;
  /** The public part. */
  x: string;
  /** Private part; removed when the key no longer signs. */
  d?: string;
  createdAt: number;
  /** From when on it signs, until the next one does. */
  signsFrom: number;
};

/** Single item of all keys. Its first write and every addition are conditional on its version. */
export const KEY_RING: Key = AUTH_FORMS.keys;

/** Refresh token of a user or a robot account, or session of the web UI. Only its hash is stored. */
export type RefreshTokenAttributes = {
  /** Name of the principal. */
  principal: string;
  kind: "user" | "robot" | "oidc";
  /** For an account of a provider of logins: the provider, and the claims of its ID token. */
  issuer?: string;
  claims?: Record<string, string>;
  claimLists?: Record<string, string[]>;
  /** Credential of the principal at the login, as in {@linkcode Principal.credential}. */
  credential: string;
  /** Restrictions of the credential. */
  bounds?: { repositories: string; actions: string[] }[];
  /** Audience of the token. */
  service: string;
  /** Name that the client gave itself. */
  client: string;
  /** SHA-256 of the last token, in hexadecimal. */
  hash: string;
  /** The token before it, by its hash; when it was replaced, and the salt that its replacement was derived with. */
  replaced?: { hash: string; salt: string; at: number };
  createdAt: number;
  /** Expiry. A replacement does not extend it. */
  expiresAt: number;
  /** Last use, with a precision of an hour. */
  usedAt?: number;
};

/** Partition of the refresh tokens of the principal with this tag. */
export function refreshTokensOf(tag: string): string {
  return keyText(AUTH_FORMS["refresh token"].pk, { account: tag });
}

/** Key of a refresh token. One partition has all those of a principal, sorted by credential, to revoke them together. */
export function refreshTokenKey(tag: string, credentialTag: string, hash: string): Key {
  return keyFrom(AUTH_FORMS["refresh token"], { account: tag, credential: credentialTag, hash });
}

/** Account token of a robot account or a user. Only its hash is stored. */
export type AccountTokenAttributes = {
  kind: "robot" | "user";
  /** Name of the robot account, or of the user who owns the token. */
  name: string;
  /** Account that a personal access token was made for; a later account of the same name has another value. */
  account?: string;
  /** SHA-256 of the whole token, in hexadecimal. */
  hash: string;
  description: string;
  /** Restrictions of the token; a personal access token always has some. */
  bounds?: { repositories: string; actions: string[] }[];
  createdAt: number;
  createdBy: string;
  expiresAt?: number;
  /** Last use, with a precision of an hour. */
  usedAt?: number;
};

/** Partition of all account tokens, sorted by id. */
export const ACCOUNT_TOKENS = AUTH_FORMS["account token"].pk;

/** Key of an account token. */
export function accountTokenKey(id: string): Key {
  return keyFrom(AUTH_FORMS["account token"], { id });
}

/** Index partition of the account tokens of one owner. */
export function accountTokensOf({ kind, name }: Pick<AccountTokenAttributes, "kind" | "name">): string {
  return keyText(ACCOUNT_TOKENS_OF, { owner: `${kind}:${name}` });
}

/** Failed logins of one address, or for one name, counted by all replicas. */
export type FailureAttributes = {
  /** In a row. */
  failures: number;
  /** No attempt is let through before. */
  blockedUntil: number;
  /** The last one. */
  at: number;
};

/** The partitions of {@linkcode FailureAttributes}: more than one, since an attack writes many. */
export const FAILURE_SHARDS: readonly string[] = Array.from(
  "0123456789abcdef",
  (shard) => keyText(AUTH_FORMS.failures.pk, { shard }),
);

/** The count of an address or a name, by its hash in hexadecimal. */
export function failureKey(kind: "address" | "name", hash: string): Key {
  return keyFrom(AUTH_FORMS.failures, { shard: hash[0]!, counted: kind, hash });
}
