/**
 * Logins of people at a provider of OpenID Connect.
 *
 * @module
 */
export { type LoginAttempt, LoginProvider, type LoginProviderOptions } from "./login_provider.ts";
