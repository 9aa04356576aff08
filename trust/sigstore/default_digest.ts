import crypto from "node:crypto";

/**
 * Gives `crypto.verify` of Node's default export the default digest that Node has and Deno lacks, in this process.
 *
 * `@sigstore/core` passes `undefined` as the algorithm of every ECDSA signature. Deno throws for it, and the library
 * takes the exception for a wrong signature, so that every keyless signature would be invalid.
 */
export function provideDefaultDigest(): void {
  if (isProvided) return;
  isProvided = true;
  const { verify } = crypto;
  const verifyWithDefault = (algorithm: string | null | undefined, ...rest: unknown[]) =>
    (verify as (...args: unknown[]) => unknown)(algorithm ?? defaultFor(rest[1]), ...rest);
  Object.assign(crypto, { verify: verifyWithDefault });
}

let isProvided = false;

/** Ed25519 and Ed448 hash by themselves. */
function defaultFor(key: unknown): string | null {
  const type = (key as { asymmetricKeyType?: string } | undefined)?.asymmetricKeyType;
  return type === "ec" || type === "rsa" ? "sha256" : null;
}
