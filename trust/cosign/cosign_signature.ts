import { type Bundle, bundleFromJSON } from "@sigstore/bundle";
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import type { Digest } from "../../oci/mod.ts";
import { isObject, parseJson } from "../json.ts";
import { invalid, type Outcome, reasonOf, unverified } from "../outcome.ts";
import { type BundleTrust, type Subject, verifyBundle, verifyKeyless } from "../sigstore/mod.ts";
import { assertPayloadFor, SIGNATURE_ANNOTATION } from "./simple_signing.ts";

/** A layer of a signature of cosign before version 3. */
export interface SignedLayer {
  /** Bytes of the layer: the payload. */
  readonly payload: Uint8Array;
  /** Annotations of the layer, with the signature and what proves it. */
  readonly annotations: Readonly<Record<string, unknown>>;
}

/** The only version of the format with an inclusion promise alone, as the annotations have. */
const BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle+json;version=0.1";

const CERTIFICATE = "dev.sigstore.cosign/certificate";
const REKOR_BUNDLE = "dev.sigstore.cosign/bundle";
const TIMESTAMP = "dev.sigstore.cosign/rfc3161timestamp";

/** Media type of the layers of an attestation of cosign before version 3. */
export const ENVELOPE = "application/vnd.dsse.envelope.v1+json";

/** Verifies one layer of a `.att` tag by one rule: an envelope, with the certificate in its annotations. */
export async function verifyEnvelope(
  { payload, annotations }: SignedLayer,
  subject: Subject,
  rule: BundleTrust | undefined,
): Promise<Outcome> {
  const read = () => {
    const dsseEnvelope = parseJson(payload);
    // The id of the key is not signed, and the bundle's format knows none.
    return { mediaType: BUNDLE_TYPE, verificationMaterial: materialOf(annotations), dsseEnvelope };
  };
  return await verifyBundle(read, subject, { format: "cosign", rule });
}

/** Verifies one layer of a `.sig` tag by one rule, or only its form and subject without one. */
export function verifySimpleSigning(
  { payload, annotations }: SignedLayer,
  digest: Digest,
  rule: BundleTrust | undefined,
): Outcome {
  const format = "cosign" as const;
  const signature = decodeBase64(annotations[SIGNATURE_ANNOTATION]);
  if (signature === undefined) {
    return invalid({ format, reason: "Layer has no signature in its annotations" });
  }
  try {
    assertPayloadFor(payload, digest);
  } catch (error) {
    return invalid({ format, reason: reasonOf(error) });
  }
  if (rule === undefined) return unverified({ format, reason: "No rule of `verify` is for this repository" });
  if (typeof annotations[CERTIFICATE] === "string") {
    let bundle: Bundle;
    try {
      bundle = bundleOf(payload, signature, annotations);
    } catch (error) {
      return invalid({ format, reason: `Malformed annotations: ${reasonOf(error)}` });
    }
    return verifyKeyless(bundle, rule, { parts: { format }, artifact: payload });
  }
  const key = rule.keys.find((key) => key.verify(payload, signature));
  if (key !== undefined) {
    return { format, state: "verified", reason: `Signed with key "${key.name}"`, key: key.name };
  }
  // The signature does not name its key.
  return unverified({
    format,
    reason: "No key of the rule made this signature: another key did, or it was changed",
  });
}

/** Bundle with what the annotations of a keyless signature have: the format came later. */
function bundleOf(
  payload: Uint8Array,
  signature: Uint8Array,
  annotations: SignedLayer["annotations"],
): Bundle {
  return bundleFromJSON({
    mediaType: BUNDLE_TYPE,
    verificationMaterial: materialOf(annotations),
    messageSignature: {
      messageDigest: {
        algorithm: "SHA2_256",
        digest: createHash("sha256").update(payload).digest("base64"),
      },
      signature: Buffer.from(signature).toString("base64"),
    },
  });
}

/** Certificate, log entries and timestamps in the annotations; without a certificate a key has signed. */
function materialOf(annotations: SignedLayer["annotations"]): Record<string, unknown> {
  const pem = annotations[CERTIFICATE];
  if (typeof pem !== "string") return { publicKey: { hint: "" }, tlogEntries: [] };
  const certificate = pem.match(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/)?.[1];
  if (certificate === undefined) throw new TypeError("Certificate is not PEM");
  return {
    x509CertificateChain: { certificates: [{ rawBytes: certificate.replace(/\s/g, "") }] },
    tlogEntries: [annotations[REKOR_BUNDLE]].flatMap(logEntries),
    timestampVerificationData: { rfc3161Timestamps: [annotations[TIMESTAMP]].flatMap(timestamps) },
  };
}

/** Entry of the transparency log in the annotation of Rekor, if there is one. */
function logEntries(annotation: unknown): unknown[] {
  if (typeof annotation !== "string") return [];
  const { SignedEntryTimestamp, Payload } = parseObject(annotation);
  const { body, integratedTime, logIndex, logID } = isObject(Payload) ? Payload : {};
  const { kind, apiVersion } = parseObject(Buffer.from(String(body), "base64").toString());
  return [{
    logIndex: String(logIndex),
    logId: { keyId: Buffer.from(String(logID), "hex").toString("base64") },
    kindVersion: { kind, version: apiVersion },
    integratedTime: String(integratedTime),
    inclusionPromise: { signedEntryTimestamp: SignedEntryTimestamp },
    canonicalizedBody: body,
  }];
}

function timestamps(annotation: unknown): unknown[] {
  if (typeof annotation !== "string") return [];
  return [{ signedTimestamp: parseObject(annotation).SignedRFC3161Timestamp }];
}

function parseObject(text: string): Record<string, unknown> {
  const value = JSON.parse(text);
  if (!isObject(value)) throw new TypeError("Not a JSON object");
  return value;
}

function decodeBase64(text: unknown): Uint8Array | undefined {
  if (typeof text !== "string" || text === "") return undefined;
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return undefined;
  }
}
