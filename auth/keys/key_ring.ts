import { calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";
import {
  CLOCK_SKEW_MS,
  type Item,
  type NewItem,
  repeatOnConflict,
  RETRY,
  type Table,
} from "../../storage/ports.ts";
import { unavailable } from "../../oci/mod.ts";
import { KEY_RING, type KeyRingAttributes, type StoredKey } from "../items.ts";

/** Maximum time that a process uses keys before it reads them again, in milliseconds. */
export const MAX_KEY_AGE_MS = 10 * 60_000;

/**
 * Time between the creation of a key and its first signature, in milliseconds. Every process reads the key in that time.
 */
export const SIGNING_DELAY_MS: number = MAX_KEY_AGE_MS + CLOCK_SKEW_MS;

/** Signing keys from the table, with the version of their item. */
export interface KeyRing extends KeyRingAttributes {
  /** Version of the item. */
  version: string;
}

/** Reads the signing keys from the table; `undefined` if it has none yet. */
export async function readKeyRing(table: Table): Promise<KeyRing | undefined> {
  const item = await table.get(KEY_RING, { consistent: true });
  if (item === undefined) return undefined;
  return { ...(item as Item & { attributes: KeyRingAttributes }).attributes, version: item.version };
}

/**
 * Reads the signing keys from the table. Creates the first key if none exists; it signs at once. If several processes create one at the
 * same time, one of them succeeds and all use its key. `lifetime` is the lifetime of the longest token.
 */
export async function openKeyRing(table: Table, lifetime: number, now: number): Promise<KeyRing> {
  return await repeatOnConflict(async () => {
    const ring = await readKeyRing(table);
    if (ring !== undefined) return await tidy(table, ring, lifetime, now);
    await table.put(itemOf({ lifetime, keys: [await makeKey(now, now)] }), { ifAbsent: true });
    return RETRY;
  }, tooManyChanges);
}

/** Result of a rotation. */
export interface Rotation {
  /** The key that is the newest now. */
  key: StoredKey;
  /** True if this rotation created the key; false if a new key already waits to sign. */
  made: boolean;
}

/**
 * Adds a signing key. It starts to sign when every process has had time to read it. The old keys stay until then, and
 * as long as their tokens may be valid. `atOnce` is for a stolen key: the new key signs at once, and every other key is
 * removed.
 */
export async function rotateKeys(
  table: Table,
  { atOnce, lifetime, now }: { atOnce: boolean; lifetime: number; now: number },
): Promise<Rotation> {
  return await repeatOnConflict(async () => {
    const ring = await openKeyRing(table, lifetime, now);
    const waiting = ring.keys.find(({ signsFrom }) => signsFrom > now);
    if (waiting !== undefined && !atOnce) return { key: waiting, made: false };
    const key = await makeKey(now, atOnce ? now : now + SIGNING_DELAY_MS);
    const keys = atOnce ? [key] : [...ring.keys, key];
    const written = await table.put(itemOf({ lifetime: ring.lifetime, keys }), { ifVersion: ring.version });
    return written === undefined ? RETRY : { key, made: true };
  }, tooManyChanges);
}

function tooManyChanges(): never {
  throw unavailable("Cannot change the signing keys: too many concurrent changes");
}

/**
 * Key that signs at `now`: the last one whose time has come. Before that the first one, because the clock of its
 * creator may be ahead.
 */
export function signingKey({ keys }: KeyRingAttributes, now: number): StoredKey {
  const withPrivatePart = keys.filter(({ d }) => d !== undefined);
  return withPrivatePart.findLast(({ signsFrom }) => signsFrom <= now) ?? withPrivatePart[0]!;
}

/** Expiry of the last token that the key at this index may have signed; `Infinity` for the newest key. */
export function goodUntil({ keys, lifetime }: KeyRingAttributes, index: number): number {
  const next = keys[index + 1];
  return next === undefined ? Infinity : next.signsFrom + lifetime + 2 * CLOCK_SKEW_MS;
}

/**
 * Removes keys whose last token has expired, and the private parts of keys that no longer sign. Stores `lifetime` if it
 * is longer than the stored one.
 */
async function tidy(table: Table, ring: KeyRing, lifetime: number, now: number): Promise<KeyRing> {
  const longest = { lifetime: Math.max(ring.lifetime, lifetime), keys: ring.keys };
  const keys = ring.keys
    .map((key, index): StoredKey => {
      const next = ring.keys[index + 1];
      if (next === undefined || next.signsFrom + CLOCK_SKEW_MS > now) return key;
      const { d: _, ...publicPart } = key;
      return publicPart;
    })
    .filter((_, index) => goodUntil(longest, index) > now);
  const tidied = { lifetime: longest.lifetime, keys };
  if (JSON.stringify(tidied) === JSON.stringify({ lifetime: ring.lifetime, keys: ring.keys })) return ring;
  const version = await table.put(itemOf(tidied), { ifVersion: ring.version });
  // On a conflict the table keeps its state: another process has removed the same keys, or will.
  return { ...tidied, version: version ?? ring.version };
}

function itemOf({ lifetime, keys }: KeyRingAttributes): NewItem {
  return { ...KEY_RING, attributes: { lifetime, keys } };
}

async function makeKey(createdAt: number, signsFrom: number): Promise<StoredKey> {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  const { x, d } = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint({ kty: "OKP", crv: "Ed25519", x: x! });
  return { kid, x: x!, d: d!, createdAt, signsFrom };
}
