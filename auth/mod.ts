/**
 * Authentication and authorization: passwords, tokens, keys, workloads and the policy. Types and small helpers that
 * every request needs are in `interface.ts`, which loads no library.
 *
 * @module
 */
export type { AuthConfig, ExternalConfig, IssuerConfig, ProxyConfig } from "./auth_config.ts";
export {
  type Authenticator,
  type AuthenticatorOptions,
  createAuthenticator,
  type Identity,
  type Origin,
} from "./authenticate.ts";
export type { BearerTokens, VerifiedToken } from "./bearer.ts";
export type { KeyRingAttributes, StoredKey } from "./items.ts";
export { KeysError } from "./keys/file_keys.ts";
export {
  type KeyRing,
  openKeyRing,
  readKeyRing,
  rotateKeys,
  type Rotation,
  signingKey,
} from "./keys/key_ring.ts";
export { publicJwk, type PublicKey, type SigningKey, type SigningKeys } from "./keys/keys.ts";
export { TableKeys } from "./keys/table_keys.ts";
export { type Attempt, FailedLogins } from "./limits/failed_logins.ts";
export { addressBehindSocket, createProxyIdentity, type ProxyIdentity } from "./limits/proxy_identity.ts";
export { RequestRates } from "./limits/request_rates.ts";
export { accountName } from "./passwords/account.ts";
export { BcryptQueue, isPassword, MAX_PASSWORD_BYTES, type PasswordCheck } from "./passwords/bcrypt.ts";
export { Htpasswd } from "./passwords/htpasswd.ts";
export { Logins } from "./passwords/logins.ts";
export type { GuessableSource, PasswordSource, VerifyOptions } from "./passwords/password_source.ts";
export { UsersError } from "./passwords/users.ts";
export { createPolicy, type Explanation, type Policy } from "./policy/policy.ts";
export type { Grant, Principal } from "./principal.ts";
export { isSecretLike } from "./secrets/secret_text.ts";
export { type NewSecret, type SecretInfo, type SecretOwner, Secrets } from "./secrets/secrets.ts";
export { ACCESS_TOKEN_TYPE, type AccessTokens } from "./tokens/access_tokens.ts";
export { openExternalTokens } from "./tokens/external_tokens.ts";
export {
  createLoginTokens,
  isLoginToken,
  LOGIN_TOKEN_TYPE,
  type LoginTokens,
  type LoginTokensOptions,
} from "./tokens/login_tokens.ts";
export {
  longestLifetime,
  type OpenTokenService,
  openTokenService,
  type TokenServiceParts,
} from "./tokens/open_token_service.ts";
export {
  listLogins,
  type Login,
  type Redeemed,
  RefreshTokens,
  type RefreshTokensOptions,
  revokeLogins,
} from "./tokens/refresh_tokens.ts";
export { type SignedToken, SignedTokens, type VerifiedClaims } from "./tokens/signed_tokens.ts";
export type { LoginToken, TokenGrant, TokenIssuer, TokenRequest } from "./tokens/token_issuer.ts";
export { type Permissions, TokenService, type TokenServiceOptions } from "./tokens/token_service.ts";
export { FileError, type WatchedFileOptions } from "./watched_file.ts";
export type { JwksSourceOptions } from "./workloads/jwks_source.ts";
export { createWorkloads } from "./workloads/workloads.ts";
