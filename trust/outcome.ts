import type { Signature } from "./report.ts";

/** Result of the verification of one signature by one rule. */
export type Outcome = Omit<Signature, "manifest" | "rules">;

/** Outcome for a signature that no rule trusts, or that cannot be verified here. */
export function unverified(parts: Omit<Outcome, "state">): Outcome {
  return { ...parts, state: "unverified" };
}

/** Outcome for a signature that is wrong whatever the rule. */
export function invalid(parts: Omit<Outcome, "state">): Outcome {
  return { ...parts, state: "invalid" };
}

/** Text of an error of a library, as part of a reason. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.length > 200 ? `${message.slice(0, 200)}...` : message;
}
