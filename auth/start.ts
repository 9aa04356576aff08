/**
 * Parts of authentication that a process needs before its first answer.
 *
 * @module
 */
export { isAccountTokenId } from "./account_tokens/account_token_id.ts";
export { networkOf } from "./limits/network.ts";
