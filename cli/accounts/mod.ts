/**
 * Commands for users, robot accounts, their tokens, signing keys and policies.
 *
 * @module
 */
export { htpasswd } from "./htpasswd.ts";
export { listKeys, rotate } from "./keys.ts";
export { listRefreshTokensCommand, revokeRefreshTokensCommand } from "./logins.ts";
export { policyTest } from "./policy.ts";
export { createToken, keepTokens, listTokens, revokeToken } from "./tokens.ts";
