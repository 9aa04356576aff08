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
export { type Reply, type SignedRequest, Transport } from "./transport.ts";
