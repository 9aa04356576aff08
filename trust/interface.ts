/**
 * Types of signatures and of the rules that verify them. Loads nothing.
 *
 * @module
 */
export type {
  Enforced,
  RuleResult,
  Signature,
  SignatureFormat,
  SignatureReport,
  SignatureState,
  SignatureVerifier,
} from "./report.ts";
export type { KeylessSigner, NotationSigners, VerifyRule } from "./verify_rule.ts";
