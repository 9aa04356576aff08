/**
 * Contents of referrers, by their formats: SBOM, provenance, VEX, vulnerability report, signature. Everything in them is
 * untrusted.
 *
 * @module
 */
export { type FoundPackage, packagesOf } from "./sbom.ts";
export { isSbomType, MAX_CONTENT_BYTES, readContent, statementIn } from "./read_content.ts";
