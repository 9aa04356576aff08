import { ConfigError } from "./config.ts";
import type { Config, PublicConfig } from "./configuration.ts";
import { conflictsOf } from "./conflicts.ts";
import { publicConflicts } from "./public_config.ts";

/** Settings that a running process takes over. All others need a restart. */
export const RELOADABLE: ReadonlySet<keyof Config> = new Set<keyof Config>([
  "tlsCert",
  "tlsKey",
  "auth",
  "public",
  "webhooks",
  "delivery",
  "deliveryRules",
  "deleteTags",
  "deleteManifests",
  "deleteBlobs",
  "references",
  "maxManifestSize",
  "maxBlobSize",
  "uploadIdleTimeout",
  "sweepInterval",
  "retention",
  "verify",
  "retentionInterval",
  "collectInterval",
  "logProbes",
  "ui",
  "apiOrigins",
]);

/** Configuration that a running process can take over. */
export interface Reload {
  /** New values of the settings that can change, and present values of all others. */
  config: Config;
  /** Names of the changed settings, such as `auth.policies`. */
  changed: string[];
  /** Names of the changed settings that need a restart. */
  kept: string[];
}

/**
 * Combines the present configuration with a new one.
 *
 * @throws {ConfigError} if a new value contradicts a setting that needs a restart.
 */
export function reloadOf(current: Config, next: Config): Reload {
  const { face, kept: keptOfFace } = publicOf(current.public, next.public);
  // Without `auth` every client may do everything, and a file that is only half written may lack it.
  const isSwitched = (current.auth === undefined) !== (next.auth === undefined);
  // Without `verify` nothing needs a signature, and such a file may lack it too.
  const isUnverified = current.verify.length > 0 && next.verify.length === 0;
  // The listener either has TLS or not.
  const isTlsSwitched = (current.tlsCert === "") !== (next.tlsCert === "");
  const keys = new Set([...Object.keys(current), ...Object.keys(next)]) as Set<keyof Config>;
  const kept = [...keys].filter((key) =>
    key === "auth"
      ? isSwitched
      : key === "verify"
      ? isUnverified
      : isTls(key)
      ? isTlsSwitched
      : !RELOADABLE.has(key) && !equal(current[key], next[key])
  );
  const { auth, public: _, ...others } = current;
  const own = kept.includes("auth") ? auth : next.auth;
  const taken: Config = {
    ...others,
    ...Object.fromEntries(
      [...RELOADABLE].filter((key) => isPlain(key) && !kept.includes(key)).map((key) => [key, next[key]]),
    ),
    ...(own && { auth: own }),
    ...(face && { public: face }),
  };
  assertWhole(taken);
  return { config: taken, changed: changesOf(current, taken), kept: [...kept, ...keptOfFace] };
}

/** Public face with the present purges: their target is opened at the start. */
function publicOf(
  current: PublicConfig | undefined,
  next: PublicConfig | undefined,
): { face: PublicConfig | undefined; kept: string[] } {
  const purge = current?.purge;
  if (equal(purge, next?.purge)) return { face: next, kept: [] };
  if (next === undefined) return { face: current, kept: ["public"] };
  const { purge: _, ...rest } = next;
  return { face: { ...rest, ...(purge && { purge }) }, kept: ["public.purge"] };
}

function assertWhole(config: Config): void {
  const conflicts = conflictsOf(config).map(({ key, reason }) => `${key}: ${reason}`);
  const { public: face, auth } = config;
  const ofFace = face === undefined || auth === undefined ? [] : publicConflicts(face, auth)
    .map(({ path, message }) => `${["public", ...path].join(".")}: ${message}`);
  if (conflicts.length + ofFace.length > 0) throw new ConfigError([...conflicts, ...ofFace]);
}

/** Names of the settings that differ, with the key below `auth` and `public`. No value: it may be a secret. */
function changesOf(current: Config, next: Config): string[] {
  return Object.keys({ ...current, ...next }).flatMap((key) => {
    const [before, after] = [current[key as keyof Config], next[key as keyof Config]];
    if (equal(before, after)) return [];
    if (key !== "auth" && key !== "public" || before === undefined || after === undefined) return [key];
    return Object.keys({ ...partsOf(before), ...partsOf(after) })
      .filter((part) => !equal(partsOf(before)[part], partsOf(after)[part]))
      .map((part) => `${key}.${part}`);
  });
}

/** True for a setting that every configuration has. */
function isPlain(key: keyof Config): boolean {
  return key !== "auth" && key !== "public";
}

function isTls(key: keyof Config): boolean {
  return key === "tlsCert" || key === "tlsKey";
}

function partsOf(setting: unknown): Readonly<Record<string, unknown>> {
  return setting as Record<string, unknown>;
}

/** True if both are the same when they are written. The schema puts keys in one order. */
function equal(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
