import type { SealedApi } from "../../api/mod.ts";
import { createCache, type RegistryCache } from "../../cache/mod.ts";
import type { Config } from "../../config/mod.ts";
import { eventRules } from "../../config/event_rules.ts";
import { purgeRules } from "../../config/purge_rules.ts";
import {
  type PullTimes,
  type Reader,
  readOnly,
  type Registry,
  type RegistryRules,
  type StoredRegistry,
  withDeletes,
} from "../../registry/mod.ts";
import type { Table } from "../../storage/ports.ts";
import type { SignatureVerifier } from "../../trust/interface.ts";
import type { Log } from "../log/mod.ts";
import type { AccessParts, OpenAccess } from "./open_access.ts";
import type { ApiParts } from "./open_api.ts";
import type { OpenReplicas } from "./open_storage.ts";

/** Registry and access control for requests, under one configuration. */
export interface Served {
  /** With all configured restrictions, and the cache. */
  readonly registry: Registry;
  /** Access control; absent if the registry is open to all. */
  readonly access?: OpenAccess;
  /** API of pages and JSON answers, which its first caller loads. */
  readonly api: () => Promise<SealedApi>;
  /** Verifies signatures by the rules of `verify`, with code that its first call loads. */
  readonly signatures: SignatureVerifier;
}

/** A registry under one configuration. */
export interface Assembled {
  /** The configuration. */
  readonly config: Config;
  /** For requests. */
  readonly served: Served;
  /** For background work. */
  readonly stored: StoredRegistry;
  /** Access control. */
  readonly access: OpenAccess | undefined;
  /** Recorder of pulls, if a rule of retention needs it. */
  readonly pulls: PullTimes | undefined;
}

/** Storage of an {@linkcode Assembly}, and the configuration that does not change. */
export interface AssemblyOptions {
  /** Configuration at the start. */
  config: Config;
  /** Table of all items. */
  table: Table;
  /** Largest blob that the store accepts, in bytes. */
  maxBlobSize: number;
  /** Read replicas. */
  replicas: OpenReplicas | undefined;
  /** Log of the process. */
  log: Log;
  /** Fraction of the limits on memory. */
  share: number;
  /** Called for each failed login, with the address of the client. */
  loginFailed: AccessParts["loginFailed"];
  /** State of the process. */
  state: Pick<ApiParts, "ready" | "warnings">;
}

/** Rules of the registry by the configuration. `largest` is the largest blob that the store accepts, in bytes. */
export function rulesFor(config: Config, largest: number): RegistryRules {
  const { auth } = config;
  return {
    references: config.references,
    maxBlobSize: Math.min(config.maxBlobSize, largest),
    keepTags: !config.deleteTags,
    ...purgeRules(config),
    ...eventRules(config),
    ...(auth && { immutable: auth.immutable, quotas: auth.quotas, uploadLimits: auth.limits }),
  };
}

// Not literal, so that no registry which is open to all has it in its way at the start: see open_storage.ts.
const importAccess = (): Promise<typeof import("./open_access.ts")> =>
  import(new URL("open_access.ts", import.meta.url).href);

// Not literal: a registry whose pages are not read never loads it.
const importApi = (): Promise<typeof import("./open_api.ts")> =>
  import(new URL("open_api.ts", import.meta.url).href);

/** Makes a value when it is first needed. A failure is not kept. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () =>
    made ??= make().catch((error) => {
      made = undefined;
      throw error;
    });
}

/** Access control by the configuration, with code that a registry which is open to all never loads. */
export async function openAccessFor(
  { auth, readOnly }: Config,
  parts: Omit<AccessParts, "readOnly">,
): Promise<OpenAccess | undefined> {
  if (auth === undefined) return undefined;
  const { openAccess } = await importAccess();
  return await openAccess(auth, { ...parts, readOnly });
}

/**
 * Puts the registry together for each configuration that follows another one. All of them read through one cache and
 * share what is in memory, so a change of the configuration loses none of it.
 */
export class Assembly {
  readonly #stored: StoredRegistry;
  readonly #options: AssemblyOptions;
  readonly #cache: RegistryCache;
  readonly #reads: Reader;

  /** Assembly over a stored registry. */
  constructor(stored: StoredRegistry, options: AssemblyOptions) {
    const { config, replicas, share } = options;
    this.#stored = stored;
    this.#options = options;
    const restricted = restrict(stored, config);
    this.#cache = createCache(restricted, stored.epochs, { age: config.cacheAge, share });
    const cached = this.#cache.over(restricted);
    // Around the cache, which would take what a replica answers for a consistent read.
    const { getManifest, resolveTag, statBlob, getBlob } = replicas?.over(cached, share) ?? cached;
    this.#reads = { getManifest, resolveTag, statBlob, getBlob };
  }

  /** The registry under the configuration of the start. */
  async first(access: OpenAccess | undefined): Promise<Assembled> {
    const { config } = this.#options;
    return await this.#assemble(config, this.#stored, access, await this.#pullsFor(config));
  }

  /**
   * The registry under a configuration that follows another one.
   *
   * @throws {StartError} if a file of the configuration cannot be used.
   */
  async after({ access, pulls, config: before }: Assembled, config: Config): Promise<Assembled> {
    const { table, log, share, maxBlobSize, loginFailed } = this.#options;
    const parts = { table, log, loginFailed, isShared: share < 1, ...(access && { earlier: access.memory }) };
    const isSame = JSON.stringify(config.retention) === JSON.stringify(before.retention);
    return await this.#assemble(
      config,
      this.#stored.withRules(rulesFor(config, maxBlobSize)),
      await openAccessFor(config, parts),
      isSame ? pulls : await this.#pullsFor(config),
    );
  }

  async #assemble(
    config: Config,
    stored: StoredRegistry,
    access: OpenAccess | undefined,
    pulls: PullTimes | undefined,
  ): Promise<Assembled> {
    const cached = { ...this.#cache.over(restrict(stored, config)), ...this.#reads };
    const { registry, signatures } = await withSignatures(cached, config, this.#options.log);
    const served = {
      // What is answered from memory is a pull as well. What is refused is none.
      registry: pulls?.observe(registry) ?? registry,
      signatures,
      ...(access && { access }),
      api: once(async () =>
        (await importApi()).openApi({ config, registry, stored, access, signatures, ...this.#options.state })
      ),
    };
    return { config, served, stored, access, pulls };
  }

  /** A read-only process records pulls too: otherwise another one would delete content that is pulled only here. */
  #pullsFor({ retention }: Config): Promise<PullTimes | undefined> {
    return this.#stored.pullTimes(
      retention,
      (error) =>
        this.#options.log.error("Cannot record pulls: retention may delete tags that are pulled here", error),
    );
  }
}

// Not literal either: few registries verify signatures.
const importTrust = (): Promise<typeof import("./open_trust.ts")> =>
  import(new URL("open_trust.ts", import.meta.url).href);

/**
 * Registry that enforces the rules of `verify`, and the verification by them.
 *
 * @throws {StartError} if a key, a certificate or a trusted root cannot be used.
 */
async function withSignatures(
  registry: Registry,
  { verify }: Config,
  log: Log,
): Promise<Pick<Served, "registry" | "signatures">> {
  if (verify.length > 0) {
    const { openTrust, trustOver } = await importTrust();
    const { registry: enforced, verifier } = trustOver(registry, await openTrust(verify), log);
    return { registry: enforced, signatures: verifier };
  }
  let verifier: Promise<SignatureVerifier> | undefined;
  const open = async () => new (await importTrust()).Verifier({ store: registry, rules: [] });
  const signatures: SignatureVerifier = {
    report: async (...manifest) => await (await (verifier ??= open())).report(...manifest),
  };
  return { registry, signatures };
}

/** Registry with the configured restrictions. */
function restrict(stored: StoredRegistry, config: Config): Registry {
  const { deleteTags: tags, deleteManifests: manifests, deleteBlobs: blobs } = config;
  const deletable = withDeletes(stored.registry, { tags, manifests, blobs });
  return config.readOnly ? readOnly(deletable) : deletable;
}
