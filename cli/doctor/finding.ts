/** Severity of a finding. Only a fault makes the exit code 1. */
export type Level = "ok" | "note" | "warning" | "fault";

/** Result of one check. */
export interface Finding {
  /** Name of the check, for scripts. */
  check: string;
  /** Severity. */
  level: Level;
  /** The observation, in one sentence. */
  found: string;
  /** Action for the operator; present for every warning and fault. */
  advice?: string;
}

/** A finding in plain text, in one line or two. */
export function findingText({ check, level, found, advice }: Finding): string {
  const line = `${level.padEnd(9)}${check.padEnd(20)}${found}`;
  return advice === undefined ? line : `${line}\n${"".padEnd(29)}${advice}`;
}
