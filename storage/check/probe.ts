/** Something that a store can do or not, and how to find out. */
export interface Probe<Subject> {
  /** Capability under test, as in "read a range". */
  capability: string;
  /** Consequence if the store lacks the capability. Absent if the registry cannot work without it. */
  otherwise?: string;
  /**
   * Tests the capability.
   *
   * @throws {Error} if the store lacks it, or if the test could not decide.
   */
  run: (subject: Subject) => Promise<void>;
}

/** Result of a {@linkcode Probe}. */
export interface Finding {
  /** Capability under test. */
  capability: string;
  /** True if a registry cannot work without it. */
  needed: boolean;
  /** True if the store has the capability. `undefined` if it was not tested because the first probe failed. */
  works: boolean | undefined;
  /** Reason of the failure, and its consequence; empty if the capability works. */
  note: string;
}

/** Thrown by a probe if the store's answer was wrong. */
export class Refuted extends Error {
  /** Name of the class: a refuted capability, unlike a probe that could not run. */
  override readonly name = "Refuted";
}

/**
 * Throws if the store's answer was wrong.
 *
 * @throws {Refuted}
 */
export function expect(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Refuted(otherwise);
}

/** Tries one after another. Where the first one fails and is needed, none of the others could succeed. */
export async function tryAll<Subject>(probes: Probe<Subject>[], subject: Subject): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { capability, otherwise, run } of probes) {
    const needed = otherwise === undefined;
    if (findings[0]?.works === false && findings[0].needed) {
      findings.push({ capability, needed, works: undefined, note: "" });
      continue;
    }
    try {
      await run(subject);
      findings.push({ capability, needed, works: true, note: "" });
    } catch (error) {
      const note = [reasonOf(error), otherwise].filter((part) => part !== undefined).join(". ");
      findings.push({ capability, needed, works: false, note });
    }
  }
  return findings;
}

/** True if a store with these findings can hold a registry. */
export function suffices(findings: Finding[]): boolean {
  return findings.every(({ needed, works }) => works === true || !needed);
}

/** Reason of a failure in one line: the store's own message, from the innermost cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { name, message, cause } = error;
  // The SDK's placeholder if the store sent no message.
  const words = message === "UnknownError" ? "" : message;
  const named = error instanceof Refuted || name === "Error" ? words : `${words} (${name})`;
  const line = (words === "" ? name : named).replace(/\s+/g, " ").replace(/\.$/, "");
  return cause instanceof Error ? `${line}: ${reasonOf(cause)}` : line;
}
