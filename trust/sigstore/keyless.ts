import type { Bundle } from "@sigstore/bundle";
import { invalid, type Outcome, reasonOf, unverified } from "../outcome.ts";
import { BundleError, type KeylessIdentity, type TrustedRoot } from "./trusted_root.ts";

/** Keyless signers of one trusted root. */
export interface KeylessTrust {
  /** Its root. */
  readonly root: TrustedRoot;
  /** True if the rule names the signer. */
  readonly matches: (signer: KeylessIdentity) => boolean;
}

/** Parts of the outcome that are known before the signature is verified, and the bytes of a message signature. */
export interface KeylessOptions {
  /** Known parts. */
  parts: Omit<Outcome, "state" | "reason">;
  /** Bytes that a message signature signs. */
  artifact?: Uint8Array;
}

/** Verifies a bundle with a certificate by the trusted roots of a rule. */
export function verifyKeyless(
  bundle: Bundle,
  { keyless }: { keyless: readonly KeylessTrust[] },
  { parts, artifact }: KeylessOptions,
): Outcome {
  let best: Outcome = unverified({
    ...parts,
    reason: "Signed with a certificate, but no rule has keyless identities",
  });
  for (const { root, matches } of keyless) {
    let signer: KeylessIdentity;
    try {
      signer = root.verify(bundle, artifact);
    } catch (error) {
      const isUntrusted = error instanceof BundleError && error.isUntrusted;
      const reason = reasonOf(error);
      // Another root may still trust it. A root that knows its authority knows more than one that does not.
      if (best.identity === undefined && !(isUntrusted && best.state === "invalid")) {
        best = isUntrusted
          ? unverified({ ...parts, reason: `Certificate is of an authority that no rule trusts: ${reason}` })
          : invalid({ ...parts, reason });
      }
      continue;
    }
    if (matches(signer)) return { ...parts, ...signer, state: "verified", reason: signedBy(signer) };
    best = unverified({ ...parts, ...signer, reason: `${signedBy(signer)}, whom no rule trusts` });
  }
  return best;
}

function signedBy({ identity, issuer }: KeylessIdentity): string {
  return `Signed by "${identity}" of ${issuer}`;
}
