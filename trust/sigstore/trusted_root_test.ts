import { bundleFromJSON } from "@sigstore/bundle";
import { assertEquals, assertThrows } from "@std/assert";
import { IDENTITY, ISSUER, SigstoreInstance } from "../testing/sigstore_instance.ts";
import { BundleError, TrustedRoot } from "./trusted_root.ts";

const STATEMENT = {
  _type: "https://in-toto.io/Statement/v1",
  subject: [],
  predicateType: "https://example.com/p",
};

/** A bundle and the trusted root of the public Sigstore instance: see trust/testing/README.md. */
async function publicInstance() {
  const read = async (name: string) =>
    await Deno.readTextFile(new URL(`../testing/${name}.json`, import.meta.url));
  return {
    bundle: JSON.parse(await read("public_bundle")),
    root: new TrustedRoot(await read("public_root")),
  };
}

/** The text with one character of the base64 text of bytes changed. */
function flipped(text: string): string {
  const at = Math.floor(text.length / 2);
  return text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
}

Deno.test("verify() accepts a bundle of the public Sigstore instance, with its whole chain", async () => {
  const { bundle, root } = await publicInstance();
  assertEquals(root.verify(bundleFromJSON(bundle)), {
    identity: "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main",
    issuer: "https://token.actions.githubusercontent.com",
    signedAt: Date.parse("2023-08-18T16:05:35.000Z"),
  });
});

Deno.test("verify() rejects a bundle of the public Sigstore instance after any change", async () => {
  const { bundle, root } = await publicInstance();
  const certificates = bundle.verificationMaterial.x509CertificateChain.certificates;
  const [entry] = bundle.verificationMaterial.tlogEntries;
  const envelope = bundle.dsseEnvelope;
  const changes: Record<string, () => void> = {
    payload: () => envelope.payload = flipped(envelope.payload),
    signature: () => envelope.signatures[0].sig = flipped(envelope.signatures[0].sig),
    certificate: () => certificates[0].rawBytes = flipped(certificates[0].rawBytes),
    "signed entry timestamp": () =>
      entry.inclusionPromise.signedEntryTimestamp = flipped(entry.inclusionPromise.signedEntryTimestamp),
    time: () => entry.integratedTime = String(Number(entry.integratedTime) + 1),
    body: () => entry.canonicalizedBody = flipped(entry.canonicalizedBody),
  };
  const untouched = JSON.stringify(bundle);
  for (const [name, change] of Object.entries(changes)) {
    change();
    assertThrows(() => root.verify(bundleFromJSON(bundle)), BundleError, undefined, name);
    const { dsseEnvelope, verificationMaterial } = JSON.parse(untouched);
    Object.assign(envelope, dsseEnvelope);
    Object.assign(entry, verificationMaterial.tlogEntries[0]);
    certificates[0] = verificationMaterial.x509CertificateChain.certificates[0];
    Object.assign(bundle.verificationMaterial.x509CertificateChain.certificates, certificates);
    assertEquals(JSON.stringify(bundle), untouched, name);
    root.verify(bundleFromJSON(bundle));
  }
});

Deno.test("verify() accepts logs and timestamps of the trusted root, and needs one of them", async () => {
  const instance = await SigstoreInstance.start();
  const root = new TrustedRoot(instance.trustedRoot());
  for (const proofs of [["log"], ["log", "timestamp"]] as const) {
    const bundle = await instance.sign({ statement: STATEMENT }, { proofs: [...proofs] });
    const { signedAt, ...signer } = root.verify(bundleFromJSON(bundle));
    assertEquals(signer, { identity: IDENTITY, issuer: ISSUER });
    // The earliest of its times: the one of the log.
    const material = bundle.verificationMaterial as { tlogEntries: { integratedTime: string }[] };
    assertEquals(signedAt, Number(material.tlogEntries[0]!.integratedTime) * 1000);
  }
  // The root has a transparency log, so a timestamp alone is not enough.
  for (const proofs of [["timestamp"], []] as const) {
    const bundle = await instance.sign({ statement: STATEMENT }, { proofs: [...proofs] });
    assertThrows(() => root.verify(bundleFromJSON(bundle)), BundleError);
  }
});

Deno.test("verify() tells a bundle of another instance from one that was changed", async () => {
  const [ours, theirs] = [await SigstoreInstance.start(), await SigstoreInstance.start()];
  const root = new TrustedRoot(ours.trustedRoot());
  for (const proofs of [["log"], ["log", "timestamp"]] as const) {
    const foreign = await theirs.sign({ statement: STATEMENT }, { proofs: [...proofs] });
    const error = assertThrows(() => root.verify(bundleFromJSON(foreign)), BundleError);
    assertEquals(error.isUntrusted, true, error.message);
  }
  const bundle = await ours.sign({ artifact: new Uint8Array([1, 2, 3]) });
  root.verify(bundleFromJSON(bundle), new Uint8Array([1, 2, 3]));
  const error = assertThrows(
    () => root.verify(bundleFromJSON(bundle), new Uint8Array([1, 2, 4])),
    BundleError,
  );
  assertEquals(error.isUntrusted, false);
});

Deno.test("verify() rejects a certificate that had expired before the signature", async () => {
  const instance = await SigstoreInstance.start({ clock: new Date(Date.now() - 20 * 60_000) });
  const bundle = await instance.sign({ statement: STATEMENT });
  const error = assertThrows(
    () => new TrustedRoot(instance.trustedRoot()).verify(bundleFromJSON(bundle)),
    BundleError,
    "expired",
  );
  assertEquals(error.isUntrusted, false);
});

Deno.test("new TrustedRoot() rejects text that is no trusted root", () => {
  for (const text of ["", "{", "[]", "null", "{}", '{"certificateAuthorities":[{}]}']) {
    assertThrows(() => new TrustedRoot(text), TypeError, "Trusted root", text);
  }
});
