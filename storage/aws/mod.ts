/**
 * Signatures, credentials and requests for AWS, without the AWS SDK where the rules are plain.
 *
 * @module
 */

export { Clock } from "./clock.ts";
export { credentialsFor } from "./credential_sources.ts";
export { type Credentials, CredentialsError, type CredentialSource } from "./credentials.ts";
export { isPlain, regionalUrl } from "./environment.ts";
export { encodeQuery, Signature, UNSIGNED_PAYLOAD, type UnsignedRequest } from "./signature.ts";
export { exchange, type Reply, type SignedRequest } from "./transport.ts";
