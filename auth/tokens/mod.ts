/**
 * Access tokens and refresh tokens: made, checked, revoked.
 *
 * @module
 */
export { openExternalTokens } from "./external_tokens.ts";
