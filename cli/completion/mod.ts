/**
 * Completion of commands and options in shells.
 *
 * @module
 */
import type { Command } from "../command.ts";
import { bashCompletion } from "./bash.ts";
import { fishCompletion } from "./fish.ts";
import { grammarOf } from "./grammar.ts";
import { zshCompletion } from "./zsh.ts";

const GENERATORS = { bash: bashCompletion, fish: fishCompletion, zsh: zshCompletion };

/** Script with the completion of these commands for a shell, without a line break at its end. */
export function completionOf(shell: keyof typeof GENERATORS, commands: Record<string, Command>): string {
  return GENERATORS[shell](grammarOf(commands)).trimEnd();
}
