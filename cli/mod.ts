/**
 * Operator commands: `deno task skerry <command>`, and commands of another program (docs/embed.md).
 *
 * ```ts
 * const config = () => readConfig(Deno.env.toObject());
 * const code = await runCommand(["collect", "--dry-run"], { config, print: console.log });
 * ```
 *
 * @module
 */
export { type Config, readConfig, StartError } from "../config/mod.ts";
export type { CommandContext } from "./command.ts";
export { runCommand } from "./run_command.ts";
