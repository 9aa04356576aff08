import { assertEquals } from "@std/assert";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { utf8 } from "../tests/harness/stores.ts";
import { TrustedKey } from "./trusted_key.ts";

const DATA = utf8("data");

/** A key that trusts this one. */
function trusting(key: KeyObject): TrustedKey {
  return new TrustedKey("key", key.export({ format: "pem", type: "spki" }).toString());
}

const PAIRS: Record<string, { publicKey: KeyObject; privateKey: KeyObject; hashes: (string | null)[] }> = {
  "P-256": { ...generateKeyPairSync("ec", { namedCurve: "P-256" }), hashes: ["sha256"] },
  "P-384": { ...generateKeyPairSync("ec", { namedCurve: "P-384" }), hashes: ["sha384", "sha256"] },
  Ed25519: { ...generateKeyPairSync("ed25519"), hashes: [null] },
  RSA: { ...generateKeyPairSync("rsa", { modulusLength: 2048 }), hashes: ["sha256"] },
};

for (const [name, { publicKey, privateKey, hashes }] of Object.entries(PAIRS)) {
  Deno.test(`verify() accepts signatures of a key of type ${name}, and no others`, () => {
    const key = trusting(publicKey);
    for (const hash of hashes) {
      const signature = sign(hash, DATA, privateKey);
      assertEquals(key.verify(DATA, signature), true, `${hash}`);
      assertEquals(key.verify(utf8("Data"), signature), false, `${hash}`);
      const changed = signature.map((byte, i) => i === signature.length - 1 ? byte ^ 1 : byte);
      assertEquals(key.verify(DATA, changed), false, `${hash}`);
      for (const other of Object.keys(PAIRS).filter((other) => other !== name)) {
        assertEquals(trusting(PAIRS[other]!.publicKey).verify(DATA, signature), false, other);
      }
    }
    for (const signature of [new Uint8Array(), new Uint8Array(64), utf8("not a signature")]) {
      assertEquals(key.verify(DATA, signature), false);
    }
  });
}
