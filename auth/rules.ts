/**
 * Reading and checking the rules of an access configuration.
 *
 * @module
 */
export type { AuthConfig, Subject } from "./auth_config.ts";
export { type CheckedConfig, type ConfigIssue, crossChecks } from "./config_checks.ts";
export { accessRisks } from "./config_risks.ts";
export { textMatcher } from "./policy/text_pattern.ts";
export { isPlainName, type NamedKind, parseSubject, type SubjectParts } from "./policy/subject.ts";
