import { createHash } from "node:crypto";
import { type Digest, digestOf, RegistryError, type RepositoryName } from "../oci/mod.ts";
import type { ManifestPush, Registry } from "../registry/interface.ts";
import { steadyClock } from "../storage/start.ts";
import { TtlCache } from "../storage/ttl_cache.ts";
import { isAttachment } from "./attachment.ts";
import type { Enforced, RuleResult, SignatureReport } from "./report.ts";
import type { TrustRule } from "./trust_rule.ts";
import type { Verifier } from "./verifier.ts";

/** An action on a manifest that does not meet a rule in the mode `audit`. */
export interface AuditFinding {
  /** Its repository. */
  readonly repository: RepositoryName;
  /** Its digest. */
  readonly digest: Digest;
  /** Action that the rule would refuse. */
  readonly action: Enforced;
  /** Name of the rule. */
  readonly rule: string;
  /** Reason in English. */
  readonly reason: string;
}

/** Options of {@linkcode enforcing}. */
export interface EnforcementOptions {
  /** Verifies by the rules that are enforced. */
  readonly verifier: Verifier;
  /** Called once for each manifest, action and rule that is only audited. */
  readonly audit: (finding: AuditFinding) => void;
  /** A clock in milliseconds. */
  readonly now?: () => number;
}

/** Maximum time in milliseconds for which a manifest that met every rule may be pulled without another look. */
export const DECISION_AGE_MS = 30_000;

/** Maximum manifests whose decision is in memory. */
const CACHED_DECISIONS = 16_384;

/** Does a manifest meet these rules? */
interface Question {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly action: Enforced;
  readonly rules: readonly TrustRule[];
}

/** A manifest met every rule until then, in milliseconds since the epoch. */
interface Decision {
  readonly expiresAt: number;
}

/**
 * Registry that refuses pulls and tag moves of manifests without the signatures that the rules require. Only a pull by a
 * client is refused: a HEAD request gets no content, and the registry itself reads manifests to verify them.
 *
 * A decision is cached if it permits. A refusal is not, so that a manifest can be pulled as soon as it is signed.
 */
export function enforcing(registry: Registry, options: EnforcementOptions): Registry {
  const { verifier, now = Date.now } = options;
  const decisions = new TtlCache<Decision>({
    age: DECISION_AGE_MS,
    count: CACHED_DECISIONS,
    now: steadyClock(options.now),
  });
  const audit = once(options.audit);

  /** Rejects if the manifest does not meet an enforced rule. Audited rules are only reported. */
  async function decide(question: Question): Promise<Decision> {
    const { repository, digest, action, rules } = question;
    const report = await decisionOn(question);
    for (const { name, mode, met, reason } of report.rules) {
      if (met || !rules.some((rule) => rule.name === name)) continue;
      if (mode === "enforce") throw denied(action, digest, { name, reason });
      audit({ repository, digest, action, rule: name, reason });
    }
    const ends = report.signatures.filter(({ state }) => state === "verified").map(({ expiresAt }) =>
      expiresAt
    );
    return { expiresAt: Math.min(...ends.map((end) => end ?? Infinity)) };
  }

  /** Report of the verifier. If it fails and no rule enforces, every rule counts as not met for that reason. */
  async function decisionOn(
    { repository, digest, rules }: Question,
  ): Promise<Pick<SignatureReport, "rules" | "signatures">> {
    try {
      return await verifier.decision(repository, digest);
    } catch (error) {
      if (rules.some(({ mode }) => mode === "enforce")) throw error;
      const reason = `Cannot verify: ${(error as Error).message}`;
      return {
        rules: rules.map(({ name, mode, enforce }) => ({
          name,
          mode,
          enforce: [...enforce],
          met: false,
          reason,
        })),
        signatures: [],
      };
    }
  }

  async function assertMet(question: Question): Promise<void> {
    const { repository, digest, action, rules } = question;
    // No name and no digest has a space in it.
    const key = [repository, digest, action, ...rules.map(({ name }) => name)].join(" ");
    const decision = await decisions.get(key, () => decide(question));
    if (now() < decision.expiresAt) return;
    decisions.drop(key);
    await decide(question);
  }

  const rulesFor = (repository: RepositoryName, action: Enforced): TrustRule[] =>
    verifier.rulesOf(repository).filter(({ enforce }) => enforce.includes(action));

  return {
    ...registry,

    async getManifest(repository, reference, readOptions) {
      const manifest = await registry.getManifest(repository, reference, readOptions);
      const { puller, exact } = readOptions ?? {};
      if (puller === undefined || exact) return manifest;
      const rules = rulesFor(repository, "pull").filter(({ exempt }) => !exempt.has(puller.name));
      if (rules.length === 0 || isAttachment(manifest.bytes, reference)) return manifest;
      await assertMet({ repository, digest: manifest.digest, action: "pull", rules });
      return manifest;
    },

    async putManifest(repository, caller, push) {
      const rules = rulesFor(repository, "tag");
      if (rules.length > 0 && setsTag(push)) {
        await assertMet({ repository, digest: pushedDigest(push), action: "tag", rules });
      }
      return await registry.putManifest(repository, caller, push);
    },
  };
}

/** True if the push sets a tag, other than those of cosign on what belongs to another manifest. */
function setsTag({ bytes, reference, tags }: ManifestPush): boolean {
  const set = [...("tag" in reference ? [reference.tag] : []), ...tags];
  return set.some((tag) => !isAttachment(bytes, { tag }));
}

/** Digest under which the registry stores the manifest. It rejects bytes of another digest than that of the path. */
function pushedDigest({ bytes, reference }: ManifestPush): Digest {
  if ("digest" in reference) return reference.digest;
  return digestOf("sha256", createHash("sha256").update(bytes).digest("hex"));
}

function denied(action: Enforced, digest: Digest, { name, reason }: Pick<RuleResult, "name" | "reason">) {
  const advice = action === "tag" ? ". Push it by its digest, sign it, and then push the tag" : "";
  return new RegistryError(
    "DENIED",
    `${
      action === "pull" ? "Pull" : "Tag"
    } denied: ${digest} does not meet the rule "${name}": ${reason}${advice}`,
  );
}

/** Maximum findings that are remembered, so that each is reported once. */
const REMEMBERED_FINDINGS = 16_384;

/** Calls `report` for each finding the first time. */
function once(report: (finding: AuditFinding) => void): (finding: AuditFinding) => void {
  const seen = new Set<string>();
  return (finding) => {
    const key = `${finding.repository} ${finding.digest} ${finding.action} ${finding.rule}`;
    if (seen.has(key)) return;
    if (seen.size >= REMEMBERED_FINDINGS) seen.delete(seen.values().next().value!);
    seen.add(key);
    report(finding);
  };
}
