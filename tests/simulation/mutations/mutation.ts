import type { Choices } from "../choices.ts";
import type { Scenario } from "../scenario.ts";

/** A change of the source. */
export interface Edit {
  /** Path from the root of the repository, in `registry/`, `cache/` or `backup/`. */
  file: string;
  /** Original text, which occurs once. */
  find: string;
  /** Replacement. */
  replace: string;
}

/** A mistake. */
export interface Mutation {
  /** Effect of the mistake. */
  name: string;
  edits: Edit[];
  /** Scenario that shows it, if random processes would take too long to find it. */
  scenario?: Scenario | ((choices: Choices) => Scenario);
  /** Scenario of three processes that shows it when each is interrupted once, in few orders of their calls. */
  interrupted?: Scenario;
  /** The seed from which on it is looked for: of some, tens of thousands come by nothing. */
  from?: number;
}

/** The change of a file. */
export const edit = (file: string, find: string, replace: string): Edit => ({ file, find, replace });
