import { type CryptoKey, importJWK } from "jose";
import type { Table } from "../../storage/ports.ts";
import type { StoredKey } from "../items.ts";
import { goodUntil, type KeyRing, MAX_KEY_AGE_MS, openKeyRing, signingKey } from "./key_ring.ts";
import { publicJwk, type PublicKey, type SigningKey, type SigningKeys } from "./keys.ts";

/** Milliseconds after which the keys are read again in the background. */
const REFRESH_AFTER_MS = MAX_KEY_AGE_MS / 2;

/** Minimum milliseconds between two reads of the table for unknown key ids, however many requests ask. */
const SEARCH_PAUSE_MS = 10_000;

/** Minimum milliseconds between a failed read and the next one. */
const FAILURE_PAUSE_MS = 1000;

/** Options of {@linkcode TableKeys}. */
export interface TableKeysOptions {
  /** Table that stores the keys; missing keys are created in it. */
  table: Table;
  /** Longest lifetime of the tokens that these keys will sign, in milliseconds. */
  lifetime: number;
  /** The time in milliseconds since the epoch. */
  now: () => number;
}

/** Key ring in the memory of this process. */
interface Loaded {
  ring: KeyRing;
  /** Time of the read, in milliseconds since the epoch. */
  at: number;
  /** Verifying keys by id, and the time until which tokens of each may be valid. */
  keys: Map<string, PublicKey & { until: number }>;
}

/**
 * Signing keys in the table, shared by all processes. They are read again every few minutes in the background, so a
 * token costs no read. An unknown `kid` causes at most one read every ten seconds; otherwise forged tokens could flood
 * the table.
 */
export class TableKeys implements SigningKeys {
  readonly #options: TableKeysOptions;
  #loaded: Loaded | undefined;
  #loading: Promise<Loaded> | undefined;
  #failed: { at: number; error: unknown } | undefined;
  #signer: SigningKey | undefined;

  /** Starts without keys; the first call reads or creates them. */
  constructor(options: TableKeysOptions) {
    this.#options = options;
  }

  /** Longest lifetime of the tokens that these keys sign, in milliseconds. */
  get lifetime(): number {
    return this.#options.lifetime;
  }

  /** See {@linkcode SigningKeys.signing}. */
  async signing(): Promise<SigningKey> {
    const { ring } = await this.#current();
    const chosen = signingKey(ring, this.#options.now());
    if (this.#signer?.kid !== chosen.kid) {
      this.#signer = { kid: chosen.kid, key: await importKey(chosen) };
    }
    return this.#signer;
  }

  /** See {@linkcode SigningKeys.find}. */
  async find(kid: string): Promise<CryptoKey | undefined> {
    const loaded = await this.#current();
    const known = this.#pick(loaded, kid);
    if (known !== undefined) return known.key;
    if (this.#options.now() - loaded.at < SEARCH_PAUSE_MS) return undefined;
    return this.#pick(await this.#load(), kid)?.key;
  }

  /** See {@linkcode SigningKeys.knows}. */
  knows(kid: string): boolean {
    const loaded = this.#loaded;
    if (loaded === undefined || this.#ageOf(loaded) > MAX_KEY_AGE_MS) return false;
    this.#refresh(loaded);
    return this.#pick(loaded, kid) !== undefined;
  }

  /** See {@linkcode SigningKeys.list}. */
  async list(): Promise<PublicKey[]> {
    const { keys } = await this.#current();
    return [...keys.values()].filter(({ until }) => until > this.#options.now());
  }

  #pick({ keys }: Loaded, kid: string): PublicKey | undefined {
    const found = keys.get(kid);
    return found !== undefined && found.until > this.#options.now() ? found : undefined;
  }

  #ageOf({ at }: Loaded): number {
    return Math.abs(this.#options.now() - at); // Absolute: a clock that was set back must not make old keys look new.
  }

  /** Keys in memory. Reads them again first if they are older than {@linkcode MAX_KEY_AGE_MS}. */
  async #current(): Promise<Loaded> {
    const loaded = this.#loaded;
    if (loaded === undefined || this.#ageOf(loaded) > MAX_KEY_AGE_MS) return await this.#load();
    this.#refresh(loaded);
    return loaded;
  }

  /** Reads the keys again in the background if they are older than {@linkcode REFRESH_AFTER_MS}. */
  #refresh(loaded: Loaded): void {
    if (this.#ageOf(loaded) <= REFRESH_AFTER_MS) return;
    this.#load().catch(() => {}); // The old keys stay valid until MAX_KEY_AGE_MS; after that the caller gets the error.
  }

  #load(): Promise<Loaded> {
    const { now } = this.#options;
    const failed = this.#failed;
    if (failed !== undefined && Math.abs(now() - failed.at) < FAILURE_PAUSE_MS) {
      return Promise.reject(failed.error);
    }
    return this.#loading ??= this.#read().catch((error) => {
      this.#failed = { at: now(), error };
      throw error;
    }).finally(() => this.#loading = undefined);
  }

  async #read(): Promise<Loaded> {
    const { table, lifetime, now } = this.#options;
    const at = now();
    const ring = await openKeyRing(table, lifetime, at);
    const known = this.#loaded?.keys;
    const keys = await Promise.all(ring.keys.map(async ({ kid, x }, index) => {
      const jwk = publicJwk(kid, x);
      const key = known?.get(kid)?.key ?? await importJWK(jwk, "EdDSA") as CryptoKey;
      return [kid, { kid, key, jwk, until: goodUntil(ring, index) }] as const;
    }));
    return this.#loaded = { ring, at, keys: new Map(keys) };
  }
}

async function importKey({ x, d }: StoredKey): Promise<CryptoKey> {
  return await importJWK({ kty: "OKP", crv: "Ed25519", x, d: d! }, "EdDSA") as CryptoKey;
}
