/**
 * Tokens of an external server, and the keys that verify them.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from "jose";
import { isRepositoryName, type RepositoryName } from "../../oci/mod.ts";
import { type BearerTokens, InvalidTokenError } from "../bearer.ts";
import { openExternalTokens } from "../tokens/mod.ts";

export const CONFIG = {
  realm: "https://tokens.example/token",
  issuer: "tokens.example",
  service: "registry.example",
};

export const repo = (name: string): RepositoryName => {
  assert(isRepositoryName(name), name);
  return name;
};

export interface Signer {
  alg: string;
  privateKey: CryptoKey;
  publicKey: CryptoKey;
  jwk: JWK;
  pem: string;
}

export async function signer(alg: string): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, privateKey, publicKey, jwk: await exportJWK(publicKey), pem: await exportSPKI(publicKey) };
}

export const RSA = await signer("RS256");
export const EC = await signer("ES256");
export const STRANGER = await signer("ES256");

/** The tokens that the keys in this text have signed, and a clock that stands long after the file was written. */
export async function withKeys(
  keys: string,
  test: (world: {
    tokens: BearerTokens;
    path: string;
    complaints: unknown[];
    /** Seconds since the epoch. */
    now: () => number;
    pass: (milliseconds: number) => void;
    mint: (
      claims?: Record<string, unknown>,
      by?: Signer,
      header?: Record<string, unknown>,
    ) => Promise<string>;
    /** True if such a token is believed. */
    isTaken: (
      claims?: Record<string, unknown>,
      by?: Signer,
      header?: Record<string, unknown>,
    ) => Promise<boolean>;
  }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/keys`;
    await Deno.writeTextFile(path, keys);
    let time = (Math.floor(Date.now() / 1000) + 3600) * 1000;
    const now = () => time / 1000;
    const complaints: unknown[] = [];
    const failed = (error: unknown) => complaints.push(error);
    const tokens = await openExternalTokens({ ...CONFIG, keys: path }, { failed, now: () => time });
    const mint = async (
      claims: Record<string, unknown> = {},
      by = EC,
      header: Record<string, unknown> = {},
    ) => {
      const usual = { iss: CONFIG.issuer, aud: CONFIG.service, sub: "alice", exp: now() + 300, nbf: now() };
      const payload = JSON.parse(JSON.stringify({ ...usual, ...claims }));
      return await new SignJWT(payload).setProtectedHeader({ alg: by.alg, typ: "JWT", ...header })
        .sign(by.privateKey);
    };
    const isTaken = async (claims?: Record<string, unknown>, by?: Signer, header?: Record<string, unknown>) =>
      await isBelieved(tokens, await mint(claims, by, header));
    await test({
      tokens,
      path,
      complaints,
      now,
      pass: (milliseconds) => time += milliseconds,
      mint,
      isTaken,
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export async function isBelieved(tokens: BearerTokens, token: string): Promise<boolean> {
  try {
    await tokens.verify(token);
    return true;
  } catch (error) {
    assert(error instanceof InvalidTokenError, `${error}`);
    assertEquals(error.message, "Token is not valid");
    return false;
  }
}

export const setOf = (...jwks: JWK[]) => JSON.stringify({ keys: jwks });

export const bytes = (text: string) => new TextEncoder().encode(text);
