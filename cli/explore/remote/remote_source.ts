import { StartError } from "../../../config/mod.ts";
import { MisuseError } from "../../command.ts";
import { readPassword } from "../../prompt.ts";
import type { Source } from "../source.ts";
import { apiOf } from "./client.ts";
import { type Credentials, storedCredentials } from "./credentials.ts";
import { Session } from "./session.ts";

/** Options of {@linkcode openRemoteSource}. */
export interface RemoteOptions {
  /** Address of the registry. */
  url: string;
  /** Name of the account; by default the account of the stored login. */
  username?: string | undefined;
  /** Reads the password of `username`. */
  password?: () => Promise<string>;
  /** Environment, which names the files of stored logins. */
  env?: Readonly<Record<string, string | undefined>>;
}

/**
 * The API at a running registry: as `username` with a password from standard input, or with the login that docker or
 * podman has stored, or anonymously.
 *
 * @throws {MisuseError} for an invalid address.
 * @throws {StartError} if a stored login cannot be read.
 */
export async function openRemoteSource(
  { url: text, username, password = readPassword, env = Deno.env.toObject() }: RemoteOptions,
): Promise<Source> {
  const url = URL.parse(text);
  const isPlain = url !== null && url.pathname === "/" && url.search === "" && url.username === "";
  if (!isPlain || !/^https?:$/.test(url.protocol)) {
    throw new MisuseError(
      `Expected the address of a registry, such as "https://registry.example.com", got "${text}"`,
    );
  }
  const credentials = await credentialsFor(url, username, { password, env });
  const session = new Session(url, credentials);
  return { api: apiOf(session), isRunning: true, [Symbol.asyncDispose]: () => Promise.resolve() };
}

async function credentialsFor(
  url: URL,
  username: string | undefined,
  { password, env }: Required<Pick<RemoteOptions, "password" | "env">>,
): Promise<Credentials | undefined> {
  if (username === undefined) return await storedCredentials(url.host, env);
  const secret = await password();
  if (secret === "") throw new StartError("Cannot log in: the password is empty");
  return { user: username, password: secret };
}
