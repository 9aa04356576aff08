import type { Enforced } from "./report.ts";

/** Keyless signer: an identity that a certificate authority of a trusted root has certified. */
export interface KeylessSigner {
  /** OpenID Connect issuer; `*` matches any text. */
  issuer: string;
  /** Subject alternative name of the certificate: a URI or an e-mail address; `*` matches any text. */
  subject: string;
  /** Path of a Sigstore trusted root (`trusted_root.json`), or its JSON. */
  trustedRoot: string;
}

/** Signers of notation. */
export interface NotationSigners {
  /** Path of a PEM file with the certificates of trusted authorities, or the PEM text. */
  certificates: string;
  /** Distinguished names; each attribute must be in the subject of the signing certificate. Empty for every subject. */
  subjects: string[];
}

/** A rule of `verify`: who must have signed the manifests of some repositories. */
export interface VerifyRule {
  /** Name of the rule in messages and reports. */
  name: string;
  /** Glob patterns of repositories. */
  repositories: string[];
  /** `enforce` refuses; `audit` logs. */
  mode: "audit" | "enforce";
  /** Actions that need a signature. */
  enforce: Enforced[];
  /** Accounts that may pull without a signature, such as `robot:ci`: those that sign. */
  exempt: string[];
  /** Predicate types. With any, only a verified attestation of one of them meets the rule; without, only a signature. */
  predicateTypes: string[];
  /** Path of a public key in PEM, or its text, by the name of the key. */
  keys: Record<string, string>;
  /** Keyless signers. */
  identities: KeylessSigner[];
  /** Signers of notation. */
  notation: NotationSigners[];
}
