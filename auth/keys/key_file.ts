import { createPublicKey } from "node:crypto";
import type { JWK } from "jose";

/** Algorithms of a key, by its type and curve. */
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  RSA: ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  "EC P-256": ["ES256"],
  "EC P-384": ["ES384"],
  "EC P-521": ["ES512"],
  "OKP Ed25519": ["EdDSA", "Ed25519"],
};

/** Bits of the shortest RSA key that may sign (RFC 7518 §3.3). */
const MIN_RSA_BITS = 2048;

/** A public key that tokens are verified with. */
export interface PublicKey {
  /** The key. */
  readonly jwk: JWK;
  /** Algorithms that the key may be used with. A token cannot choose another one (RFC 8725 §3.1). */
  readonly algorithms: readonly string[];
}

/**
 * Public keys in a text: a JWK set, a single JWK, or any number of certificates and public keys as PEM. A certificate
 * counts as its key only; its issuer and dates are not checked.
 *
 * @throws {TypeError} for a text without keys, or with anything else, such as a private or a shared key.
 */
export function parseKeyFile(text: string): PublicKey[] {
  const jwks = text.trimStart().startsWith("{") ? keysOfJson(text) : keysOfPem(text);
  if (jwks.length === 0) throw new TypeError("Cannot use the keys: the file has none");
  return jwks.map((jwk, index) => {
    const kind = jwk.crv === undefined ? `${jwk.kty}` : `${jwk.kty} ${jwk.crv}`;
    const algorithms = Object.hasOwn(ALGORITHMS, kind) ? ALGORITHMS[kind]! : [];
    const usable = algorithms.filter((name) => jwk.alg === undefined || jwk.alg === name);
    const isForSignatures = jwk.use === undefined || jwk.use === "sig";
    if (usable.length === 0 || !isForSignatures || jwk.d !== undefined || !isWhole(jwk)) {
      throw new TypeError(
        `Cannot use key ${index + 1}: it is not a public key for signatures`,
      );
    }
    return { jwk, algorithms: usable };
  });
}

/** True if the key is complete. An unusable key would prevent the keys after it from being tried. */
function isWhole(jwk: JWK): boolean {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey({ key: jwk, format: "jwk" });
    return asymmetricKeyType !== "rsa" || (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;
  } catch {
    return false;
  }
}

function keysOfJson(text: string): JWK[] {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TypeError("Cannot use the keys: they are not JSON");
  }
  const keys: unknown[] = Array.isArray(value.keys) ? value.keys : [value];
  return keys.map((key) => ({ ...Object(key) }));
}

function keysOfPem(text: string): JWK[] {
  const blocks = text.match(/-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g) ?? [];
  // Rejects private keys: a file for verification must not contain one.
  if (text.includes("PRIVATE KEY-----")) throw new TypeError("Cannot use the keys: one is a private key");
  if (text.split("-----BEGIN").length - 1 !== blocks.length) {
    throw new TypeError("Cannot use the keys: a PEM block is truncated or malformed");
  }
  return blocks.map((block, index) => {
    try {
      return createPublicKey(block).export({ format: "jwk" }) as JWK;
    } catch (cause) {
      throw new TypeError(`Cannot use key ${index + 1}: it is neither a public key nor a certificate`, {
        cause,
      });
    }
  });
}
