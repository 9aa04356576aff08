import type { Enforced, Signature } from "./report.ts";
import type { NotationTrust } from "./notation/mod.ts";
import { COSIGN_SIGN } from "./statement.ts";
import type { BundleTrust } from "./sigstore/mod.ts";

/** A rule of `verify` with its keys, certificates and trusted roots. */
export interface TrustRule extends BundleTrust {
  /** Name in messages and reports. */
  readonly name: string;
  /** `enforce` if the rule refuses; `audit` if it logs. */
  readonly mode: "audit" | "enforce";
  /** Actions that need a signature. */
  readonly enforce: readonly Enforced[];
  /** True if the rule is for this repository. */
  readonly matches: (repository: string) => boolean;
  /** Accounts that may pull without a signature. */
  readonly exempt: ReadonlySet<string>;
  /** Types of the attestations that meet the rule; empty if signatures do. */
  readonly predicateTypes: readonly string[];
  /** Signers of notation. */
  readonly notation: readonly NotationTrust[];
}

/**
 * True if a verified signature or attestation says what the rule requires. An attestation is no signature: the one who
 * attests the findings of a scanner does not approve the image.
 */
export function isSufficient(
  { predicateTypes }: Pick<TrustRule, "predicateTypes">,
  { predicateType }: Pick<Signature, "predicateType">,
): boolean {
  if (predicateTypes.length > 0) return predicateType !== undefined && predicateTypes.includes(predicateType);
  return predicateType === undefined || predicateType === COSIGN_SIGN;
}
