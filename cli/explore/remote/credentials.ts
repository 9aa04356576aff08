import * as z from "zod/mini";
import { StartError } from "../../../config/mod.ts";
import { unlessAbsent } from "../../../storage/mod.ts";

/** Credentials for a registry: a name with a password, or a refresh token of an earlier login. */
export type Credentials = { user: string; password: string } | { refreshToken: string };

/** Milliseconds until a credential helper must have answered. It may ask its user to unlock a keychain. */
const HELPER_TIMEOUT_MS = 60_000;

/** User name with which a helper marks a refresh token. */
const TOKEN_USER = "<token>";

const ENTRY = z.object({ auth: z.optional(z.string()), identitytoken: z.optional(z.string()) });

/** Configuration of docker, and of podman, as far as logins are in it. */
const FILE = z.object({
  auths: z.optional(z.record(z.string(), ENTRY)),
  credHelpers: z.optional(z.record(z.string(), z.string())),
  credsStore: z.optional(z.string()),
});

/** Answer of a credential helper of docker. */
const ANSWER = z.object({ Username: z.string(), Secret: z.string() });

/**
 * Credentials that `docker login` or `podman login` stored for a registry: in their files, or in the credential helper
 * that a file names. The first file that has a login for the host decides.
 *
 * @param host Host of the registry, with its port if it has one.
 * @throws {StartError} for a file that cannot be read, and for a helper that fails.
 */
export async function storedCredentials(
  host: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Credentials | undefined> {
  for (const path of filesIn(env)) {
    const text = await unlessAbsent(Deno.readTextFile(path));
    if (text === undefined) continue;
    const credentials = await credentialsIn(readFile(path, text), host);
    if (credentials !== undefined) return credentials;
  }
  return undefined;
}

/** Files of docker and podman (containers-auth.json(5)), in the order in which they are read. */
function filesIn(env: Readonly<Record<string, string | undefined>>): string[] {
  const { REGISTRY_AUTH_FILE, DOCKER_CONFIG, XDG_RUNTIME_DIR, HOME = env["USERPROFILE"] } = env;
  const docker = DOCKER_CONFIG ?? (HOME && `${HOME}/.docker`);
  return [
    ...REGISTRY_AUTH_FILE ? [REGISTRY_AUTH_FILE] : [],
    ...docker ? [`${docker}/config.json`] : [],
    ...XDG_RUNTIME_DIR ? [`${XDG_RUNTIME_DIR}/containers/auth.json`] : [],
  ];
}

function readFile(path: string, text: string): z.infer<typeof FILE> {
  const file = z.safeParse(FILE, parseJson(text));
  if (file.success) return file.data;
  throw new StartError(`Cannot read the logins in "${path}": it is not a configuration of docker`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function credentialsIn(
  { auths = {}, credHelpers = {}, credsStore }: z.infer<typeof FILE>,
  host: string,
): Promise<Credentials | undefined> {
  const helper = credHelpers[host] ?? credsStore;
  if (helper !== undefined) {
    const found = await askHelper(helper, host);
    if (found !== undefined) return found;
  }
  // Earlier versions of docker wrote a URL.
  const entry = auths[host] ?? auths[`https://${host}`] ?? auths[`https://${host}/v1/`];
  if (entry?.identitytoken) return { refreshToken: entry.identitytoken };
  return entry?.auth ? readBasic(entry.auth) : undefined;
}

function readBasic(auth: string): Credentials | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.fromBase64(auth));
    const colon = text.indexOf(":");
    return colon < 1 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
  } catch {
    return undefined;
  }
}

/** Asks a credential helper; `undefined` if it has nothing for the host. */
async function askHelper(name: string, host: string): Promise<Credentials | undefined> {
  const program = `docker-credential-${name}`;
  if (!/^[\w.-]+$/.test(name)) {
    throw new StartError(`Cannot run "${program}": it is not the name of a program`);
  }
  const { success, text } = await run(program, host);
  const answer = z.safeParse(ANSWER, parseJson(text));
  if (success && answer.success) {
    const { Username: user, Secret: secret } = answer.data;
    return user === TOKEN_USER ? { refreshToken: secret } : { user, password: secret };
  }
  if (/credentials not found/i.test(text)) return undefined;
  throw new StartError(`Cannot get the login for ${host}: ${program} failed`); // its output may have a secret
}

async function run(program: string, input: string): Promise<{ success: boolean; text: string }> {
  try {
    const child = new Deno.Command(program, {
      args: ["get"],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
      signal: AbortSignal.timeout(HELPER_TIMEOUT_MS),
    }).spawn();
    // A helper that ends early has its reason in its answer.
    await new Response(input).body!.pipeTo(child.stdin).catch(() => {});
    const { success, stdout } = await child.output();
    return { success, text: new TextDecoder().decode(stdout) };
  } catch (error) {
    throw new StartError(`Cannot run the credential helper ${program}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
