/**
 * Keys of our own tokens that a test adds and takes away, and tokens of any form that they sign.
 *
 * @module
 */
import { type CryptoKey, exportJWK, generateKeyPair } from "jose";
import { publicJwk, type PublicKey, type SigningKey, type SigningKeys } from "../../auth/mod.ts";

/** The newest key signs, and all of them verify. */
export class TestKeys implements SigningKeys {
  /** Number of lookups of keys. */
  looks = 0;
  readonly #keys = new Map<string, PublicKey & { secret: CryptoKey }>();

  /** Keys with these ids. */
  static async of(...kids: string[]): Promise<TestKeys> {
    const keys = new TestKeys();
    for (const kid of kids) await keys.add(kid);
    return keys;
  }

  /** Adds a key, which signs from now on. */
  async add(kid: string): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
    const { x } = await exportJWK(publicKey);
    this.#keys.set(kid, { kid, key: publicKey, secret: privateKey, jwk: publicJwk(kid, x!) });
  }

  /** Takes a key away. */
  remove(kid: string): void {
    this.#keys.delete(kid);
  }

  /** The private part. */
  secretOf(kid: string): CryptoKey {
    return this.#keys.get(kid)!.secret;
  }

  signing(): Promise<SigningKey> {
    const { kid, secret } = [...this.#keys.values()].at(-1)!;
    return Promise.resolve({ kid, key: secret });
  }

  find(kid: string): Promise<CryptoKey | undefined> {
    this.looks++;
    return Promise.resolve(this.#keys.get(kid)?.key);
  }

  knows(kid: string): boolean {
    return this.#keys.has(kid);
  }

  list(): Promise<PublicKey[]> {
    return Promise.resolve([...this.#keys.values()]);
  }
}

/** A token of this header and payload, each as it is written, with a signature of the key. */
export async function signText(header: string, payload: string, key: CryptoKey): Promise<string> {
  const input = `${base64url(header)}.${base64url(payload)}`;
  const signature = await crypto.subtle.sign("Ed25519", key, new TextEncoder().encode(input));
  return `${input}.${base64url(new Uint8Array(signature))}`;
}

/** A text or bytes in base64url. */
export function base64url(content: string | Uint8Array): string {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Decoded part of a token. */
export function readPart(token: string, index: 0 | 1): Record<string, unknown> {
  const bytes = Uint8Array.fromBase64(token.split(".")[index]!, { alphabet: "base64url" });
  return JSON.parse(new TextDecoder().decode(bytes));
}
