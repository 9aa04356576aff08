/**
 * Authentication and authorization: passwords, tokens, keys, workloads and the policy. Types and small helpers that
 * every request needs are in `interface.ts`, which loads no library.
 *
 * @module
 */
export { type Authenticator, createAuthenticator, type Identity, type Origin } from "./authenticate.ts";
export { KeysError } from "./keys/file_keys.ts";
export { openKeyRing, readKeyRing, rotateKeys, signingKey } from "./keys/key_ring.ts";
export { publicJwk, type PublicKey, type SigningKey, type SigningKeys } from "./keys/keys.ts";
export { TableKeys } from "./keys/table_keys.ts";
export { FailedLogins } from "./limits/failed_logins.ts";
export { addressBehindSocket, createProxyIdentity } from "./limits/proxy_identity.ts";
export { type RequestCounts, RequestRates } from "./limits/request_rates.ts";
export { accountName } from "./passwords/account.ts";
export { BcryptQueue, isPassword, MAX_PASSWORD_BYTES } from "./passwords/bcrypt.ts";
export { Htpasswd } from "./passwords/htpasswd.ts";
export { Logins } from "./passwords/logins.ts";
export { UsersError } from "./passwords/users.ts";
export { createPolicy, type Policy } from "./policy/policy.ts";
export { looksLikeAccountToken } from "./account_tokens/account_token_text.ts";
export {
  type AccountTokenInfo,
  type AccountTokenOwner,
  AccountTokens,
} from "./account_tokens/account_tokens.ts";
export { ACCESS_TOKEN_TYPE } from "./tokens/access_tokens.ts";
export { openExternalTokens } from "./tokens/external_tokens.ts";
export {
  createWorkloadPasswords,
  looksLikeWorkloadPassword,
  WORKLOAD_PASSWORD_TYPE,
  type WorkloadPasswords,
} from "./tokens/workload_passwords.ts";
export { longestLifetime, type OpenTokenService, openTokenService } from "./tokens/open_token_service.ts";
export {
  listRefreshTokens,
  type RefreshTokenInfo,
  RefreshTokens,
  revokeRefreshTokens,
} from "./tokens/refresh_tokens.ts";
export { SignedTokens } from "./tokens/signed_tokens.ts";
export { TokenService, type TokenServiceOptions } from "./tokens/token_service.ts";
export { FileError } from "./watched_file.ts";
export type { JwksSource } from "./workloads/jwks_source.ts";
export { createWorkloads } from "./workloads/workloads.ts";
