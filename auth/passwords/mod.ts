/**
 * Passwords: of users in a file, and the checks of all that may be one.
 *
 * @module
 */
export { accountName, fingerprintOf, isRobotName } from "./account.ts";
export { Logins } from "./logins.ts";
export type { PasswordSource } from "./password_source.ts";
export { Users, UsersError } from "./users.ts";
