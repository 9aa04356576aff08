/**
 * Reading and checking the rules of an access configuration.
 *
 * @module
 */
export type { AuthConfig, Subject } from "./auth_config.ts";
export { type CheckedConfig, crossChecks } from "./config_checks.ts";
export { isKeyText } from "./keys/key_text.ts";
export type { Issue } from "../oci/schema.ts";
export { type Cidr, parseCidr } from "./limits/cidr.ts";
export { accessRisks } from "./config_risks.ts";
export { isPlainName, type NamedKind, parseSubject, type SubjectParts } from "./policy/subject.ts";
