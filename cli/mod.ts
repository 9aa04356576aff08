/**
 * Operator commands: `deno task skerry <command>`.
 *
 * @module
 */
export type { CommandContext } from "./command.ts";
export { runCommand } from "./run_command.ts";
