import { type Digest, RegistryError, type RepositoryName } from "../oci/mod.ts";
import type { Manifest } from "../registry/interface.ts";
import { SIMPLE_SIGNING, verifyEnvelope, verifySimpleSigning } from "./cosign/mod.ts";
import type { FoundSignatures, SignatureStore } from "./find_signatures.ts";
import { verifyJws } from "./notation/mod.ts";
import { invalid, type Outcome, reasonOf, unverified } from "./outcome.ts";
import { readBlob, TooLargeError } from "./read_content.ts";
import type { Signature } from "./report.ts";
import { parseJson } from "./json.ts";
import { type Subject, verifyBundle } from "./sigstore/mod.ts";
import type { SignatureLayer } from "./signature_manifest.ts";
import { isSufficient, type TrustRule } from "./trust_rule.ts";

/** Repository and manifest whose signatures are verified. */
export interface Verification {
  /** Registry in which signatures are read. */
  readonly store: SignatureStore;
  /** Its repository. */
  readonly repository: RepositoryName;
  /** Digest of the signed manifest. */
  readonly digest: Digest;
  /** Rules of the repository. */
  readonly rules: readonly TrustRule[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Verifies every signature of a manifest by every rule. An error of the store rejects, because it says nothing about the
 * signature.
 */
export async function verifySignatures(
  verification: Verification,
  { manifest, layers }: FoundSignatures,
): Promise<Signature[]> {
  const signatures: Signature[] = [];
  for (const layer of layers) signatures.push({ manifest, ...await verifyLayer(verification, layer) });
  return signatures;
}

async function verifyLayer(
  verification: Verification,
  layer: SignatureLayer,
): Promise<Omit<Signature, "manifest">> {
  const { store, repository, rules } = verification;
  const { format } = layer;
  if (format === "notation-cose") {
    return { ...unverified({ format, reason: "COSE signatures are not verified here" }), rules: [] };
  }
  let bytes: Uint8Array;
  try {
    bytes = await readBlob(store, repository, layer);
  } catch (error) {
    if (error instanceof TooLargeError) {
      return { ...unverified({ format, reason: error.message }), rules: [] };
    }
    const isMissing = error instanceof RegistryError && error.status === 404;
    if (!isMissing && !(error instanceof TypeError)) throw error;
    const reason = isMissing ? `Blob ${layer.digest} is missing` : reasonOf(error);
    return { ...invalid({ format, reason }), rules: [] };
  }
  let best: Outcome | undefined;
  const met: string[] = [];
  for (const rule of rules.length === 0 ? [undefined] : rules) {
    const outcome = await verifyContent(verification, { layer, bytes }, rule);
    if (outcome.state === "verified" && rule !== undefined && isSufficient(rule, outcome)) {
      met.push(rule.name);
    }
    if (best === undefined || RANK[outcome.state] > RANK[best.state]) best = outcome;
  }
  return { ...best!, rules: met };
}

/** Of the outcomes by several rules, one that knows more counts: `unverified` is that of a rule for other signers. */
const RANK: Record<Outcome["state"], number> = { unverified: 0, invalid: 1, verified: 2 };

async function verifyContent(
  { store, repository, digest, now }: Verification,
  { layer, bytes }: { layer: SignatureLayer; bytes: Uint8Array },
  rule: TrustRule | undefined,
): Promise<Outcome> {
  const subject: Subject = {
    digest,
    bytes: async () => (await existing(store.getManifest(repository, { digest }))).bytes,
  };
  switch (layer.format) {
    case "sigstore-bundle":
      return await verifyBundle(() => parseJson(bytes), subject, { format: layer.format, rule });
    case "notation-jws":
      return await verifyJws(bytes, digest, { rule, now });
    default: {
      const signed = { payload: bytes, annotations: layer.annotations };
      return layer.mediaType === SIMPLE_SIGNING
        ? verifySimpleSigning(signed, digest, rule)
        : await verifyEnvelope(signed, subject, rule);
    }
  }
}

/** The signed manifest. @throws {TypeError} if the repository does not have it: its signatures may come first. */
async function existing(reading: Promise<Manifest>): Promise<Manifest> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof RegistryError) || error.status !== 404) throw error;
    throw new TypeError("The signed manifest is not in the repository");
  }
}
