import { type Bundle, bundleFromJSON } from "@sigstore/bundle";
import { createHash } from "node:crypto";
import type { Digest } from "../../oci/mod.ts";
import { invalid, type Outcome, reasonOf, unverified } from "../outcome.ts";
import { IN_TOTO_TYPE, preAuthEncoding, readStatement } from "../statement.ts";
import type { TrustedKey } from "../trusted_key.ts";
import { type KeylessTrust, verifyKeyless } from "./keyless.ts";

/** Signers of bundles that a rule trusts. */
export interface BundleTrust {
  /** Public keys. */
  readonly keys: readonly TrustedKey[];
  /** Keyless signers. */
  readonly keyless: readonly KeylessTrust[];
}

/** Manifest that a signature is about. */
export interface Subject {
  /** Its digest. */
  readonly digest: Digest;
  /** Its bytes. Rejects if the repository does not have it. */
  bytes(): Promise<Uint8Array>;
}

/** Verifies a sigstore bundle by one rule, or only its form and subject without one. */
export async function verifyBundle(
  read: () => unknown,
  subject: Subject,
  { format, rule }: { format: Outcome["format"]; rule: BundleTrust | undefined },
): Promise<Outcome> {
  let bundle: Bundle;
  try {
    bundle = bundleFromJSON(read());
    assertFewProofs(bundle);
  } catch (error) {
    return invalid({ format, reason: `Malformed bundle: ${reasonOf(error)}` });
  }
  let signed: SignedContent;
  try {
    signed = await signedContent(bundle, subject);
  } catch (error) {
    // An error of the store says nothing about the signature.
    if (!(error instanceof TypeError)) throw error;
    return invalid({ format, reason: reasonOf(error) });
  }
  const { predicateType } = signed;
  const parts = { format, ...(predicateType !== undefined && { predicateType }) };
  if (rule === undefined) {
    return unverified({ ...parts, reason: "No rule of `verify` is for this repository" });
  }
  return bundle.verificationMaterial.content.$case === "publicKey"
    ? verifyWithKeys(bundle, signed, rule, parts)
    : verifyKeyless(bundle, rule, { parts, ...(signed.artifact && { artifact: signed.artifact }) });
}

/** Maximum log entries, timestamps and certificates of a bundle. */
const MAX_PROOFS = 16;

/** Rejects a bundle with many proofs: the library compares each with each, which takes minutes for thousands. */
function assertFewProofs({ verificationMaterial }: Bundle): void {
  const { content, tlogEntries, timestampVerificationData } = verificationMaterial;
  const certificates = content.$case === "x509CertificateChain"
    ? content.x509CertificateChain.certificates
    : [];
  const counts = [tlogEntries, timestampVerificationData?.rfc3161Timestamps ?? [], certificates];
  if (counts.some(({ length }) => length > MAX_PROOFS)) {
    throw new TypeError(`More than ${MAX_PROOFS} log entries, timestamps or certificates`);
  }
}

/** Signed content of a bundle. */
interface SignedContent {
  /** Bytes under the signature. */
  data: Uint8Array;
  /** The signature. */
  signature: Uint8Array;
  /** Bytes of the artifact, for a message signature. */
  artifact?: Uint8Array;
  /** Type of the predicate, for an attestation. */
  predicateType?: string;
}

/** Signed bytes of a bundle. @throws {Error} if they are not about the subject. */
async function signedContent({ content }: Bundle, subject: Subject): Promise<SignedContent> {
  if (content.$case === "messageSignature") {
    const { signature, messageDigest } = content.messageSignature;
    const artifact = await subject.bytes();
    if (!createHash("sha256").update(artifact).digest().equals(messageDigest.digest)) {
      throw new TypeError(`Signed for another manifest than ${subject.digest}`);
    }
    return { data: artifact, signature, artifact };
  }
  const { payload, payloadType, signatures } = content.dsseEnvelope;
  if (payloadType !== IN_TOTO_TYPE) throw new TypeError("Payload is not an in-toto statement");
  const { predicateType, isAbout } = readStatement(payload);
  if (!isAbout(subject.digest)) throw new TypeError(`Signed for another manifest than ${subject.digest}`);
  // The format permits one signature, and the library has checked it.
  return { data: preAuthEncoding(payloadType, payload), signature: signatures[0]!.sig, predicateType };
}

/**
 * Verifies the signature with the keys of a rule. The hint of the bundle is not signed, so it only words the reason. A
 * transparency log says nothing that the key does not: its entries are ignored.
 */
function verifyWithKeys(
  { verificationMaterial: { content } }: Bundle,
  { data, signature }: SignedContent,
  { keys }: BundleTrust,
  parts: Omit<Outcome, "state" | "reason">,
): Outcome {
  const key = keys.find((key) => key.verify(data, signature));
  if (key !== undefined) {
    return { ...parts, state: "verified", reason: `Signed with key "${key.name}"`, key: key.name };
  }
  const hint = content.$case === "publicKey" ? content.publicKey.hint : "";
  const named = keys.find((key) => key.hint === hint);
  return named === undefined
    ? unverified({ ...parts, reason: "Signed with a key that no rule trusts" })
    : invalid({ ...parts, reason: `Names key "${named.name}", but is not a signature of it` });
}
