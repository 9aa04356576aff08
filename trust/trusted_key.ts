import { Buffer } from "node:buffer";
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";

/** Public key that a rule trusts. */
export class TrustedKey {
  /** Name in the configuration. */
  readonly name: string;
  /** Base64 of the SHA-256 of the key's SPKI, by which a bundle may name the key. */
  readonly hint: string;
  readonly #key: KeyObject;
  readonly #hashes: (string | null)[];

  /** Key from an SPKI in PEM. @throws {TypeError} if it is none, or is too weak. */
  constructor(name: string, pem: string) {
    // `createPublicKey` also takes private keys and certificates: a private key in a registry's configuration is a
    // mistake, and the chain of a certificate would not be verified.
    if (!/^\s*-----BEGIN (RSA )?PUBLIC KEY-----/.test(pem)) {
      throw new TypeError(`Key "${name}" is not a public key in PEM`);
    }
    this.name = name;
    try {
      this.#key = createPublicKey(pem);
    } catch {
      throw new TypeError(`Key "${name}" is malformed`);
    }
    this.#hashes = hashesOf(name, this.#key);
    const spki = this.#key.export({ format: "der", type: "spki" });
    this.hint = createHash("sha256").update(spki).digest("base64");
  }

  /** True if the signature of `data` is one of this key. */
  verify(data: Uint8Array, signature: Uint8Array): boolean {
    return this.#hashes.some((hash) => {
      try {
        return verify(hash, Buffer.from(data), this.#key, Buffer.from(signature));
      } catch {
        // A malformed signature.
        return false;
      }
    });
  }
}

/** Hashes that signers use with keys of this type, the most likely one first. */
function hashesOf(name: string, key: KeyObject): (string | null)[] {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case "ec":
      if (namedCurve === "prime256v1" || namedCurve === "P-256") return ["sha256"];
      if (namedCurve === "secp384r1" || namedCurve === "P-384") return ["sha384", "sha256"];
      // Deno cannot verify signatures on P-521.
      break;
    case "ed25519":
      return [null];
    case "rsa":
      if (modulusLength >= 2048) return ["sha256"];
      throw new TypeError(`Key "${name}" has fewer than 2048 bits`);
  }
  throw new TypeError(
    `Key "${name}" is of a type that is not supported: use ECDSA on P-256 or P-384, Ed25519, or RSA`,
  );
}
