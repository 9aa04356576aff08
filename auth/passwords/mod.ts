/**
 * Passwords of users, and the check of every kind of password.
 *
 * @module
 */
export { accountName, fingerprintOf, isRobotName } from "./account.ts";
export { Logins } from "./logins.ts";
export type { PasswordSource } from "./password_source.ts";
export { Users, UsersError } from "./users.ts";
