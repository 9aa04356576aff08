import { reasonOf } from "../../storage/check/mod.ts";

/** Result of a step. */
export type Outcome =
  /** It exists as required. */
  | { state: "there" }
  /** It was created or changed, or would be without `--dry-run`. */
  | { state: "changed" }
  /** It exists in a way that this command must not change. */
  | { state: "wrong"; reason: string };

/** Step: a thing that must exist. */
export interface Step {
  /** Description of the thing, as in "the table". */
  what: string;
  /** True if a registry can work without it: a failure is then only a warning. */
  optional?: boolean;
  /**
   * Checks the thing and, unless `dryRun`, creates or changes it.
   *
   * @throws {Error} if it cannot.
   */
  ensure: (dryRun: boolean) => Promise<Outcome>;
}

/** Takes the steps in order and prints a line for each. Returns true if everything required exists afterwards. */
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

/** Width of the first column. */
const WIDTH = "would do  ".length;
