/**
 * Parts of authentication that other rooms use: principals, configuration, errors and audit events. Loads no library.
 *
 * @module
 */
export type {
  AllowRule,
  AuthConfig,
  ExternalConfig,
  IssuerConfig,
  LimitsConfig,
  PolicyRule,
  ProviderConfig,
  ProxyConfig,
  Subject,
} from "./auth_config.ts";
export { type BearerTokens, InvalidTokenError, type VerifiedToken } from "./bearer.ts";
export { isKeyText } from "./keys/key_text.ts";
export { networkOf } from "./limits/network.ts";
export type { GuessableSource, PasswordSource, VerifyOptions } from "./passwords/password_source.ts";
export { formatGrant, readGrant } from "./policy/grants.ts";
export { ANONYMOUS, type Grant, type Principal, type PrincipalKind } from "./principal.ts";
export { AccountTokenError } from "./account_tokens/account_token_error.ts";
export { isAccountTokenId } from "./account_tokens/account_token_id.ts";
export type { TokenGrant, TokenIssuer, TokenRequest, WorkloadPassword } from "./tokens/token_issuer.ts";
