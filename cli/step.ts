import { reasonOf } from "../storage/check/mod.ts";

/** Result of a step. */
export type Outcome =
  /** It was as it should be. */
  | { state: "there" }
  /** It was not; now it is, or it would be without `--dry-run`. */
  | { state: "changed" }
  /** It is in another way, which is not ours to change. */
  | { state: "wrong"; reason: string };

/** One thing that has to be there. */
export interface Step {
  /** Description of the thing, as in "the table". */
  what: string;
  /** True if a registry can work without it: a failure is then only a warning. */
  optional?: boolean;
  /**
   * Looks, and makes it so unless told only to look.
   *
   * @throws {Error} where it can't.
   */
  ensure: (dryRun: boolean) => Promise<Outcome>;
}

/** Takes the steps in their order and prints a line for each; answers whether all that is needed is there. */
export async function takeSteps(
  steps: Step[],
  dryRun: boolean,
  print: (text: string) => void,
): Promise<boolean> {
  let complete = true;
  for (const { what, optional = false, ensure } of steps) {
    const outcome = await ensure(dryRun).catch((error): Outcome => ({
      state: "wrong",
      reason: reasonOf(error),
    }));
    if (outcome.state === "wrong") complete &&= optional;
    print(lineOf(what, outcome, { optional, dryRun }));
  }
  return complete;
}

function lineOf(
  what: string,
  outcome: Outcome,
  { optional, dryRun }: { optional: boolean; dryRun: boolean },
): string {
  if (outcome.state === "wrong") {
    return `${(optional ? "warning" : "FAILED").padEnd(WIDTH)}${what}: ${outcome.reason}`;
  }
  const done = dryRun ? "would do" : "done";
  return `${(outcome.state === "there" ? "exists" : done).padEnd(WIDTH)}${what}`;
}

/** Of the first column. */
const WIDTH = "would do  ".length;
