import { type Config, StartError } from "../../config/mod.ts";
import type { Registry } from "../../registry/interface.ts";
import { enforcing, openRules, TrustError, type TrustRule, Verifier } from "../../trust/mod.ts";
import type { Log } from "../log/mod.ts";

export { Verifier } from "../../trust/mod.ts";

/** Verification of signatures under one configuration. */
export interface OpenTrust {
  /** Verifies by the rules. */
  readonly verifier: Verifier;
  /** Registry that refuses what the rules refuse. */
  readonly registry: Registry;
}

/**
 * Reads the keys, certificates and trusted roots of `verify`.
 *
 * @throws {StartError} with the rule and the reason if one cannot be used.
 */
export async function openTrust(rules: Config["verify"]): Promise<TrustRule[]> {
  try {
    return await openRules(rules);
  } catch (error) {
    throw error instanceof TrustError ? new StartError(`verify: ${error.message}`, { cause: error }) : error;
  }
}

/** Enforces the rules over a registry. */
export function trustOver(
  registry: Registry,
  rules: readonly TrustRule[],
  log: Pick<Log, "warn">,
): OpenTrust {
  const verifier = new Verifier({ store: registry, rules });
  const enforced = enforcing(registry, {
    verifier,
    audit: ({ action, ...facts }) =>
      log.warn(`A manifest without a required signature: the rule would deny its ${action}`, { ...facts }),
  });
  return { verifier, registry: enforced };
}
