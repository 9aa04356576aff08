/**
 * Operator commands: `deno task skerry <command>`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { type Arguments, type Command, type CommandContext, MisuseError } from "./command.ts";
import { COMMANDS } from "./commands.ts";

export type { CommandContext } from "./command.ts";

/** Exit code of a command line that makes no sense. */
const MISUSED = 2;

/**
 * Runs the command that the arguments name.
 *
 * @returns The exit code, or nothing where the process goes on to serve.
 * @throws {StartError} where the configuration or the storage does not let it.
 */
export async function runCommand(args: string[], context: CommandContext): Promise<number | undefined> {
  const words = args.map((arg) => arg === "--help" || arg === "-h" ? "help" : arg);
  const [name = "help", ...rest] = joined(words);
  if (name === "help" || rest.includes("help")) {
    context.print(usage());
    return 0;
  }
  try {
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (command === undefined) throw new MisuseError(`No such command: "${name}"`);
    return await command.run(context, readArguments(command, rest));
  } catch (error) {
    if (!(error instanceof MisuseError)) throw error;
    console.error(`${error.message}\n\n${usage()}`);
    return MISUSED;
  }
}

/** Some commands have a name of two words. */
function joined([first, second, ...rest]: string[]): string[] {
  if (first === undefined || second === undefined) return first === undefined ? [] : [first];
  const both = `${first} ${second}`;
  return Object.hasOwn(COMMANDS, both) ? [both, ...rest] : [first, second, ...rest];
}

function readArguments({ options = {}, operands = [] }: Command, args: string[]): Arguments {
  const { values, positionals } = parse({
    args,
    options,
    strict: true,
    allowPositionals: operands.length > 0,
  });
  if (positionals.length > operands.length) {
    throw new MisuseError(`Expected no more than ${operands.join(", ")}: got ${positionals.length} operands`);
  }
  return {
    has: (option) => values[option] === true,
    text: (option) => typeof values[option] === "string" ? values[option] : undefined,
    texts: (option) => [values[option] ?? []].flat().filter((value) => typeof value === "string"),
    operands: positionals,
  };
}

function parse(config: NonNullable<Parameters<typeof parseArgs>[0]>): ReturnType<typeof parseArgs> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new MisuseError((error as Error).message);
  }
}

/** Characters that a name and what follows it take. */
const WIDTH = 19;

function usage(): string {
  const commands = Object.entries({ ...COMMANDS, help: { summary: "Say this" } })
    .map(([name, { summary }]) => `  ${name.padEnd(WIDTH)}${summary}`);
  return `Usage: deno task skerry <command>\n\n${commands.join("\n")}`;
}
