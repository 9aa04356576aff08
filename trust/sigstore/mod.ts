/**
 * Sigstore bundles, verified by keys or by the certificates and logs of a trusted root.
 *
 * @module
 */
export { type BundleTrust, type Subject, verifyBundle } from "./bundle.ts";
export { type KeylessTrust, verifyKeyless } from "./keyless.ts";
export { TrustedRoot } from "./trusted_root.ts";
