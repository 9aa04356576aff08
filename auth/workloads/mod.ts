/**
 * Workloads that log in with ID tokens, and the parts that other logins by OpenID Connect share.
 *
 * @module
 */
export { listClaims, textClaims } from "./claims.ts";
export { documentUrl } from "./json_document.ts";
export { JwksSource } from "./jwks_source.ts";
export { createWorkloads } from "./workloads.ts";
