import { parseArgs } from "node:util";
import { type Arguments, type Command, type CommandContext, MisuseError } from "./command.ts";
import { plainLines } from "../process/mod.ts";
import { COMMANDS } from "./commands.ts";
import { helpOf, helpOfGroup, hint, overview } from "./help.ts";

/** Exit code of a command line that makes no sense. */
const MISUSE_EXIT_CODE = 2;

/**
 * Runs the command that the arguments name.
 *
 * @returns The exit code; `undefined` if the process continues to serve.
 * @throws {StartError} if the configuration or the storage prevents it.
 */
export async function runCommand(args: string[], context: CommandContext): Promise<number | undefined> {
  const [first = "help"] = args;
  if (first === "--version") return await runCommand(["version", ...args.slice(1)], context);
  if (first === "help" || isHelp(first)) return printHelp(args.slice(1), context);
  const [name, rest] = split(args);
  const command = commandOf(name);
  try {
    if (command === undefined) throw new MisuseError(unknownCommand(name));
    const options = rest.includes("--") ? rest.slice(0, rest.indexOf("--")) : rest;
    if (options.some(isHelp)) return printHelp([name], context);
    // Clients choose names and descriptions; JSON escapes mean the same.
    const print = (text: string) => context.print(plainLines(text));
    return await command.run({ ...context, print }, readArguments(command, rest));
  } catch (error) {
    if (!(error instanceof MisuseError)) throw error;
    console.error(plainLines(`${error.message}. ${hint(topicOf(command ? name : args[0]!))}`));
    return MISUSE_EXIT_CODE;
  }
}

function isHelp(arg: string): boolean {
  return arg === "--help" || arg === "-h";
}

/** The command's name and what follows it: some names have two words. */
function split([first = "", second, ...rest]: string[]): [name: string, rest: string[]] {
  if (second === undefined) return [first, []];
  const both = `${first} ${second}`;
  return commandOf(both) === undefined ? [first, [second, ...rest]] : [both, rest];
}

function commandOf(name: string): Command | undefined {
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
}

function printHelp(words: string[], { print }: CommandContext): number {
  const name = words.join(" ");
  const command = commandOf(name);
  const text = name === ""
    ? overview(COMMANDS)
    : command
    ? helpOf(name, command)
    : helpOfGroup(name, COMMANDS);
  if (text === undefined) {
    console.error(plainLines(`${unknownCommand(name)}. ${hint("")}`));
    return MISUSE_EXIT_CODE;
  }
  print(text);
  return 0;
}

/** The command or group of commands that help is about; all of them for any other word. */
function topicOf(word: string): string {
  return commandOf(word) || helpOfGroup(word, COMMANDS) ? word : "";
}

function unknownCommand(name: string): string {
  return `No such command: "${name}"`;
}

function readArguments({ options = {}, operands = [] }: Command, args: string[]): Arguments {
  const { values, positionals } = parse({
    args,
    options: Object.fromEntries(
      Object.entries(options).map(([name, { value, repeatable = false }]) => [
        name,
        { type: value === undefined ? "boolean" as const : "string" as const, multiple: repeatable },
      ]),
    ),
    strict: true,
    allowPositionals: true,
  });
  const [extra] = positionals.slice(operands.length);
  if (extra !== undefined) throw new MisuseError(`Unexpected argument "${extra}"`);
  const missing = operands.slice(positionals.length).find(({ optional }) => !optional);
  if (missing !== undefined) throw new MisuseError(`Missing ${missing.name}`);
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
    // The first sentence names the problem.
    throw new MisuseError((error as Error).message.split(/\.\s/)[0]);
  }
}
