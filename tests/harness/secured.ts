/**
 * A registry that knows who asks, for tests of what they may do.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { bcrypt } from "hash-wasm";
import { freePort } from "./ports.ts";
import { type RegistryProcess, startRegistry } from "./registry_process.ts";

/** A configuration of `SKERRY_AUTH` as it is written, but for the URL. */
export type AuthText = Readonly<Record<string, unknown>>;

/** Name and password of an administrator. */
export const ADMINISTRATOR = { username: "root", password: "root's password" } as const;

/** The hash of a password, as cheap as there are. */
export function hashOf(password: string): Promise<string> {
  return bcrypt({ password, salt: randomBytes(16), costFactor: 4, outputType: "encoded" });
}

/** Users by name, each with the password `<name>'s password`. */
export async function usersOf(...names: string[]): Promise<Record<string, string>> {
  const entries = names.map(async (name) => [name, await hashOf(`${name}'s password`)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/** The setting for a registry at this port, with {@linkcode ADMINISTRATOR} among its users. */
export async function authSetting(port: number, auth: AuthText): Promise<Record<string, string>> {
  const users = { ...auth["users"] as Record<string, string>, ...await usersOf(ADMINISTRATOR.username) };
  const administrators = [`user:${ADMINISTRATOR.username}`];
  const setting = { url: `http://127.0.0.1:${port}`, administrators, ...auth, users };
  return { SKERRY_AUTH: JSON.stringify(setting) };
}

/** Starts one on a data folder of its own. */
export async function startSecured(
  auth: AuthText,
  env: Readonly<Record<string, string>> = {},
): Promise<RegistryProcess> {
  const port = freePort();
  return await startRegistry({ port, env: { ...await authSetting(port, auth), ...env } });
}

/** The value of `Authorization` for a name and a password (RFC 7617). */
export function basic({ username, password }: { username: string; password: string }): string {
  return `Basic ${new TextEncoder().encode(`${username}:${password}`).toBase64()}`;
}
