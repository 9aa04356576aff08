import type { Digest, RepositoryName } from "../oci/mod.ts";
import { inParallel } from "../storage/ports.ts";
import { steadyClock } from "../storage/start.ts";
import { TtlCache } from "../storage/ttl_cache.ts";
import { coveringIndexes, type IndexStore } from "./covering_indexes.ts";
import { findSignatures, type FoundSignatures, type SignatureStore } from "./find_signatures.ts";
import type { RuleResult, Signature, SignatureReport, SignatureVerifier } from "./report.ts";
import { Slots } from "./slots.ts";
import type { TrustRule } from "./trust_rule.ts";
import { type Verification, verifySignatures } from "./verify_signatures.ts";

/** Options of a {@linkcode Verifier}. */
export interface VerifierOptions {
  /** Registry without enforcement: signatures are read from it. */
  readonly store: SignatureStore & IndexStore;
  /** Rules of `verify`. */
  readonly rules: readonly TrustRule[];
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Manifests with signatures whose content is read and verified at the same time, for one report. */
const CONCURRENT_VERIFICATIONS = 2;

/** Reports that are made at the same time in a process: each holds up to 16 MiB of manifests and blobs. */
const CONCURRENT_REPORTS = 8;

/** Manifests with signatures that are verified before a decision is looked for. */
const STEP_MANIFESTS = 16;

/** Maximum age of a verified signature in the cache: a certificate may become valid meanwhile. Its end is checked. */
const MAX_AGE_MS = 5 * 60_000;

/** Maximum manifests with signatures in the cache. */
const CACHED_MANIFESTS = 16_384;

/** Maximum repositories whose rules are in memory. */
const CACHED_REPOSITORIES = 10_000;

/** Signatures of a manifest and the rules that they meet, without those of indexes. */
type OwnReport = Omit<SignatureReport, "coveredBy">;

/**
 * Verifies signatures, and remembers by digest what it has verified: neither a signature nor its subject changes. The
 * list of a manifest's signatures is read each time.
 */
export class Verifier implements SignatureVerifier {
  readonly #options: VerifierOptions;
  readonly #now: () => number;
  readonly #verified: TtlCache<Signature[]>;
  readonly #slots = new Slots(CONCURRENT_REPORTS);
  readonly #rules = new Map<RepositoryName, readonly TrustRule[]>();

  /** Verifier over a registry. */
  constructor(options: VerifierOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#verified = new TtlCache({
      age: MAX_AGE_MS,
      count: CACHED_MANIFESTS,
      now: steadyClock(options.now),
    });
  }

  /** Rules of a repository, in the order of the configuration. */
  rulesOf(repository: RepositoryName): readonly TrustRule[] {
    let rules = this.#rules.get(repository);
    if (rules === undefined) {
      if (this.#rules.size >= CACHED_REPOSITORIES) this.#rules.clear();
      rules = this.#options.rules.filter(({ matches }) => matches(repository));
      this.#rules.set(repository, rules);
    }
    return rules;
  }

  /** The report, with what signed indexes cover: their signatures are of their children too. */
  async report(repository: RepositoryName, digest: Digest): Promise<SignatureReport> {
    return await this.#report(repository, digest, { ends: false });
  }

  /** A report that may end as soon as every rule is met: it lacks further signatures then. */
  async decision(repository: RepositoryName, digest: Digest): Promise<SignatureReport> {
    return await this.#report(repository, digest, { ends: true });
  }

  async #report(repository: RepositoryName, digest: Digest, options: Effort): Promise<SignatureReport> {
    const own = await this.#ownReport(repository, digest, options);
    if (own.rules.every(({ met }) => met)) return own;
    let { rules } = own;
    let coveredBy: Digest | undefined;
    for await (const index of coveringIndexes(this.#options.store, repository, digest)) {
      const report = await this.#ownReport(repository, index, { ends: true });
      const covered = rules.map((rule, i) => rule.met ? rule : coverage(rule, report.rules[i]!, index));
      if (covered.some((rule, i) => rule !== rules[i])) coveredBy ??= index;
      rules = covered;
      if (rules.every(({ met }) => met)) break;
    }
    if (coveredBy === undefined) return own;
    return { ...own, rules, coveredBy, state: stateOf(rules, own.signatures) };
  }

  async #ownReport(repository: RepositoryName, digest: Digest, { ends }: Effort): Promise<OwnReport> {
    const { store } = this.#options;
    const rules = this.rulesOf(repository);
    const verification = { store, repository, digest, rules, now: this.#now() };
    return await this.#slots.run(async () => {
      const { found, complete } = await findSignatures(store, repository, digest);
      let signatures: Signature[] = [];
      for (let i = 0; i < found.length; i += STEP_MANIFESTS) {
        signatures = signatures.concat(await this.#verify(verification, found.slice(i, i + STEP_MANIFESTS)));
        if (ends && rules.every((rule) => resultOf(rule, signatures).met)) break;
      }
      signatures.sort((one, other) => ORDER[one.state] - ORDER[other.state]);
      const results = rules.map((rule) => resultOf(rule, signatures));
      return { digest, state: stateOf(results, signatures), rules: results, signatures, complete };
    });
  }

  async #verify(verification: Verification, found: FoundSignatures[]): Promise<Signature[]> {
    const { repository, digest, now } = verification;
    const verified = await inParallel(found, CONCURRENT_VERIFICATIONS, async (signed) =>
      // Neither a repository's name nor a digest has a space in it.
      await this.#verified.get(
        `${repository} ${digest} ${signed.manifest}`,
        () => verifySignatures(verification, signed),
      ));
    return verified.flat().map((signature) => expired(signature, now));
  }
}

/** Extent of a report. */
interface Effort {
  /** True if it may end as soon as every rule is met. */
  readonly ends: boolean;
}

const ORDER: Record<Signature["state"], number> = { verified: 0, unverified: 1, invalid: 2 };

/** The signature as it is now: one that was verified may have expired since. */
function expired(signature: Signature, now: number): Signature {
  const { state, expiresAt = Infinity } = signature;
  if (state !== "verified" || now < expiresAt) return signature;
  return {
    ...signature,
    state: "invalid",
    rules: [],
    reason: `Expired at ${new Date(expiresAt).toISOString()}`,
  };
}

function resultOf({ name, mode, enforce }: TrustRule, signatures: readonly Signature[]): RuleResult {
  const by = signatures.find(({ rules }) => rules.includes(name));
  const [best] = signatures;
  const reason = by?.reason ??
    (best === undefined
      ? "No signature found"
      : best.state === "verified"
      ? `${best.reason}, which does not meet the rule`
      : best.reason);
  return { name, mode, enforce: [...enforce], met: by !== undefined, reason };
}

function coverage(rule: RuleResult, ofIndex: RuleResult, index: Digest): RuleResult {
  return ofIndex.met
    ? { ...rule, met: true, reason: `${ofIndex.reason}, as part of the index ${index}` }
    : rule;
}

function stateOf(rules: readonly RuleResult[], signatures: readonly Signature[]): SignatureReport["state"] {
  if (rules.length > 0 && rules.every(({ met }) => met)) return "verified";
  if (signatures.length === 0) return "unsigned";
  return signatures.every(({ state }) => state === "invalid") ? "invalid" : "unverified";
}
