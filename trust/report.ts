import type { Digest, RepositoryName } from "../oci/mod.ts";

/** Format of a signature. */
export type SignatureFormat = "cosign" | "sigstore-bundle" | "notation-jws" | "notation-cose" | "unknown";

/**
 * Result for one signature. `verified`: valid, and made by a key or an identity that a rule of the repository trusts.
 * `unverified`: no rule of the repository trusts its signer, or the format cannot be verified here. `invalid`: changed,
 * malformed, expired, or made for another manifest.
 */
export type SignatureState = "verified" | "unverified" | "invalid";

/** A signature or a signed attestation of a manifest. */
export interface Signature {
  /** Its format. */
  format: SignatureFormat;
  /** Digest of the manifest that carries the signature: a referrer, or the target of a tag such as `sha256-<hex>.sig`. */
  manifest: Digest;
  /** Result of the verification. */
  state: SignatureState;
  /** Reason of the state in English, such as `Signed by key "release"`. May contain text of the signer. */
  reason: string;
  /** Names of the rules that it meets; empty unless `verified`. */
  rules: string[];
  /** Name of the configured key that verifies it. */
  key?: string;
  /** Authenticated identity: the subject alternative name of a keyless signature, or the subject of a certificate. */
  identity?: string;
  /** Authenticated issuer: the OpenID Connect issuer of a keyless signature, or the subject of the certificate authority. */
  issuer?: string;
  /**
   * Time of the signature in milliseconds since the epoch: from a transparency log or a timestamp authority, or as the
   * signer claims it in a notation signature. Absent if no verified source tells it.
   */
  signedAt?: number;
  /** Time in milliseconds since the epoch from which on the signature is not valid any more. */
  expiresAt?: number;
  /** Type of the predicate of an attestation, such as `https://slsa.dev/provenance/v1`. */
  predicateType?: string;
}

/** Action that a rule can refuse. */
export type Enforced = "pull" | "tag";

/** Result of one rule of `verify` for a manifest. */
export interface RuleResult {
  /** Name of the rule. */
  name: string;
  /** `enforce` if the rule refuses {@linkcode RuleResult.enforce}; `audit` if it only logs. */
  mode: "audit" | "enforce";
  /** Actions that the rule is about. */
  enforce: Enforced[];
  /** True if a signature meets the rule. */
  met: boolean;
  /** Reason in English. */
  reason: string;
}

/** Signatures of a manifest, and the rules that they meet. */
export interface SignatureReport {
  /** Digest of the signed manifest. */
  digest: Digest;
  /**
   * `verified`: every rule of the repository is met, and there is at least one. Otherwise the best state of a signature,
   * or `unsigned`. A signature without a rule for the repository is `unverified`.
   */
  state: "verified" | "unverified" | "invalid" | "unsigned";
  /** Every rule of the repository, in the order of the configuration. */
  rules: RuleResult[];
  /** Signatures and signed attestations: verified ones first. */
  signatures: Signature[];
  /** Digest of a signed index that contains the manifest, if the index's signatures meet rules that its own do not. */
  coveredBy?: Digest;
  /** False if the manifest has more signatures than are read: see the limits in docs/signatures.md. */
  complete: boolean;
}

/** Verifies the signatures of manifests by the rules of the configuration. */
export interface SignatureVerifier {
  /**
   * Signatures of a manifest of the repository. Does not require that the manifest exists.
   *
   * Costs one query of referrers, two reads of tags, and two reads for each signature that is not cached.
   */
  report(repository: RepositoryName, digest: Digest): Promise<SignatureReport>;
}
