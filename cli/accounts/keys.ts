import type { AuthConfig } from "../../auth/interface.ts";
import { longestLifetime, readKeyRing, rotateKeys, signingKey } from "../../auth/mod.ts";
import type { Storage } from "../../process/open/open_storage.ts";
import { type Config, StartError } from "../../config/mod.ts";
import { withAccountStorage } from "./access.ts";
import { openAudit } from "../audit.ts";

/**
 * `skerry keys list`: prints the signing keys.
 *
 * @returns The exit code.
 * @throws {StartError} if the keys are in a file.
 */
export async function listKeys(config: Config, print: (text: string) => void): Promise<number> {
  return await withKeys(config, async ({ table }) => {
    const ring = await readKeyRing(table);
    if (ring === undefined) {
      print("No signing key exists yet: the first login creates one");
      return 0;
    }
    const signing = signingKey(ring, Date.now());
    for (const { kid, d, createdAt, signsFrom } of ring.keys) {
      const state = kid === signing.kid
        ? "signs"
        : d === undefined
        ? "verifies"
        : signsFrom > Date.now()
        ? `signs from ${timeOf(signsFrom)}`
        : "verifies";
      print([kid, `created ${timeOf(createdAt)}`, state].join("  "));
    }
    return 0;
  });
}

/**
 * `skerry keys rotate`: creates a signing key. It signs as soon as every process has read it; with `--at-once` it signs
 * at once and every other key is removed.
 *
 * @returns The exit code.
 * @throws {StartError} if the keys are in a file.
 */
export async function rotate(
  config: Config,
  print: (text: string) => void,
  { atOnce }: { atOnce: boolean },
): Promise<number> {
  return await withKeys(config, async ({ table }, auth) => {
    const lifetime = longestLifetime(auth);
    const { key, made } = await rotateKeys(table, { atOnce, lifetime, now: Date.now() });
    await using audit = openAudit(config);
    const extent = atOnce ? { reason: "At once: removed all other keys" } : {};
    if (made) audit.record({ action: "keys.rotate", credential: key.kid, ...extent });
    const when = key.signsFrom > Date.now() ? `signs from ${timeOf(key.signsFrom)}` : "signs now";
    print(`${made ? "Created" : "Existing"} key ${key.kid}: it ${when}`);
    return 0;
  });
}

async function withKeys(
  config: Config,
  use: (storage: Storage, auth: AuthConfig) => Promise<number>,
): Promise<number> {
  return await withAccountStorage(config, async (storage, auth) => {
    if (auth.keys !== undefined) {
      throw new StartError(`Cannot manage the signing keys: "auth.keys" configures them`);
    }
    return await use(storage, auth);
  });
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
