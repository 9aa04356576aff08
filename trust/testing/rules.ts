import { openRules } from "../open_rules.ts";
import type { TrustRule } from "../trust_rule.ts";
import type { VerifyRule } from "../verify_rule.ts";

/** Rules of every repository that enforce everything, with these parts. */
export async function rulesOf(...rules: Partial<VerifyRule>[]): Promise<TrustRule[]> {
  return await openRules(rules.map((rule, i) => ({
    name: `rule-${i + 1}`,
    repositories: ["**"],
    mode: "enforce",
    enforce: ["pull", "tag"],
    exempt: [],
    predicateTypes: [],
    keys: {},
    identities: [],
    notation: [],
    ...rule,
  })));
}
