import { calculateJwkThumbprint, type CryptoKey, importJWK } from "jose";
import * as z from "zod/mini";
import { isKeyText } from "./key_text.ts";
import { publicJwk, type PublicKey, type SigningKey, type SigningKeys } from "./keys.ts";

/** Thrown for unusable keys. The message contains no part of them. */
export class KeysError extends Error {
  /** The name of the class. */
  override readonly name = "KeysError";
}

/** 32 bytes in base64url. */
const bytes32 = z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/));

const jwk = z.object({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  x: bytes32,
  d: z.optional(bytes32),
  kid: z.optional(z.string().check(z.regex(/^[A-Za-z0-9_-]{1,64}$/))),
});

const jwkSet = z.object({ keys: z.array(jwk).check(z.maxLength(100)) });

/**
 * Keys of a JWK set (RFC 7517 §5): the file with this name or, if the text begins with a brace, the text itself. The
 * first private key signs; all keys verify. Read once.
 *
 * @throws {KeysError} if it cannot be read or is invalid. The message contains no part of its content, which is secret.
 */
export async function openFileKeys(source: string): Promise<SigningKeys> {
  const isInline = isKeyText(source);
  const place = isInline ? "the JWK set" : `"${source}"`;
  const set = parse(isInline ? source : await readFile(source), place);
  const keys = await Promise.all(set.keys.map(importKey));
  const signing = keys.find(({ secret }) => secret !== undefined);
  if (signing === undefined) throw new KeysError(`Cannot sign with ${place}: it has no private key`);
  const byId = new Map<string, PublicKey>(keys.map((key) => [key.kid, key]));
  if (byId.size < keys.length) throw new KeysError(`Cannot use ${place}: two keys have the same "kid"`);
  const signer: SigningKey = { kid: signing.kid, key: signing.secret! };
  return {
    signing: () => Promise.resolve(signer),
    find: (kid) => Promise.resolve(byId.get(kid)?.key),
    knows: (kid) => byId.has(kid),
    list: () => Promise.resolve([...byId.values()]),
  };
}

async function readFile(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    const reason = (error as Error).message.replace(/ \(os error.*$/s, "");
    throw new KeysError(`Cannot read "${path}": ${reason}`);
  }
}

function parse(text: string, place: string): z.infer<typeof jwkSet> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new KeysError(`Cannot use ${place}: it is not JSON`); // The parser's own message quotes the invalid text.
  }
  const result = jwkSet.safeParse(value);
  if (result.success) return result.data;
  const where = result.error.issues.map(({ path }) => path.join(".") || "it").join(", ");
  throw new KeysError(`Cannot use ${place}: expected a JWK set of Ed25519 keys, see ${where}`);
}

async function importKey(
  { kty, crv, x, d, kid: given }: z.infer<typeof jwk>,
): Promise<PublicKey & { secret?: CryptoKey }> {
  const kid = given ?? await calculateJwkThumbprint({ kty, crv, x });
  try {
    const key = await importJWK({ kty, crv, x }, "EdDSA") as CryptoKey;
    const found = { kid, key, jwk: publicJwk(kid, x) };
    if (d === undefined) return found;
    const secret = await importJWK({ kty, crv, x, d }, "EdDSA") as CryptoKey;
    if (await isPair(secret, key)) return { ...found, secret };
  } catch {
    // The error describes the invalid part, which is as secret as the part itself.
  }
  throw new KeysError(
    `Cannot use the key "${kid}": it is invalid, or its private and public parts do not match`,
  );
}

/** True if one key verifies signatures of the other. An import does not check it: it trusts the stated public part. */
async function isPair(secret: CryptoKey, key: CryptoKey): Promise<boolean> {
  const probe = new Uint8Array(1);
  const signature = await crypto.subtle.sign("Ed25519", secret, probe);
  return await crypto.subtle.verify("Ed25519", key, signature, probe);
}
