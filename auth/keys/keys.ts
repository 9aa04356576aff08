import type { CryptoKey, JWK } from "jose";

/** A key that signs. */
export interface SigningKey {
  /** Key id (`kid`) in tokens. */
  kid: string;
  /** The private part. */
  key: CryptoKey;
}

/** A key that verifies. */
export interface PublicKey {
  /** Key id (`kid`) in tokens. */
  kid: string;
  /** The public part. */
  key: CryptoKey;
  /** The public part as a JWK set lists it. */
  jwk: JWK;
}

/** The keys of our own tokens. All of them are Ed25519 (RFC 8032, RFC 8037). */
export interface SigningKeys {
  /** Key that signs now. */
  signing(): Promise<SigningKey>;
  /** Key with this id; `undefined` if it does not exist or was removed. */
  find(kid: string): Promise<CryptoKey | undefined>;
  /** True if {@linkcode find} has the key in memory, so that a token verified with it is still valid. */
  knows(kid: string): boolean;
  /** All verifying keys, without private parts. */
  list(): Promise<PublicKey[]>;
}

/** JWK set (RFC 7517 §5) that verifies our tokens, for other services. */
export async function jwksOf(keys: Pick<SigningKeys, "list">): Promise<{ keys: JWK[] }> {
  return { keys: (await keys.list()).map(({ jwk }) => jwk) };
}

/** The public part of an Ed25519 key in the form of RFC 8037 §2. */
export function publicJwk(kid: string, x: string): JWK {
  return { kty: "OKP", crv: "Ed25519", x, kid, alg: "EdDSA", use: "sig" };
}
