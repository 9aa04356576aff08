/**
 * Signatures of notation: JSON Web Signatures with a chain of certificates.
 *
 * @module
 */
export { COSE_TYPE, JWS_TYPE, verifyJws } from "./jws_signature.ts";
export { type NotationTrust, readNotationTrust } from "./notation_trust.ts";
