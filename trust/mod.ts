/**
 * Signatures of manifests: found, verified, and enforced by the rules of `verify`.
 *
 * @module
 */
export * from "./interface.ts";
export { type AuditFinding, DECISION_AGE_MS, type EnforcementOptions, enforcing } from "./enforcement.ts";
export { openRules, TrustError } from "./open_rules.ts";
export type { TrustRule } from "./trust_rule.ts";
export { Verifier, type VerifierOptions } from "./verifier.ts";
