/**
 * Signatures and attestations of cosign before version 3: layers of a manifest under a tag.
 *
 * @module
 */
export { ENVELOPE, verifyEnvelope, verifySimpleSigning } from "./cosign_signature.ts";
export { SIMPLE_SIGNING } from "./simple_signing.ts";
