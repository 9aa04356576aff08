import type { Command, Operand, Option } from "./command.ts";

/** Command line that starts a command. */
const PROGRAM = "deno task skerry";

/** Columns of a name and the space after it. */
const WIDTH_COLUMNS = 22;

/** The list of all commands. */
export function overview(commands: Record<string, Command>): string {
  return `Usage: ${PROGRAM} <command>

${listOf(commands)}
  ${"help".padEnd(WIDTH_COLUMNS)}Explain a command; the same as --help after it
  ${"--version".padEnd(WIDTH_COLUMNS)}Print the version

Settings come from the environment and the file of SKERRY_CONFIG: see docs/configuration.md.`;
}

/** The help of one command. */
export function helpOf(name: string, { summary, details, options = {}, operands = [] }: Command): string {
  const rows = [
    ...operands.map(({ name, help }) => [name, help] as const),
    ...Object.entries(options).map(([option, { help, ...rest }]) =>
      [optionText(option, rest), help] as const
    ),
  ];
  const usage = [
    PROGRAM,
    name,
    ...(Object.keys(options).length > 0 ? ["[options]"] : []),
    ...operands.map(operandText),
  ];
  return [
    `${summary}.`,
    `Usage: ${usage.join(" ")}`,
    ...(rows.length > 0 ? [rows.map(([term, help]) => rowOf(term, help)).join("\n")] : []),
    ...(details === undefined ? [] : [details]),
  ].join("\n\n");
}

/** Help of the commands whose names begin with this word, such as `token`; `undefined` if there are none. */
export function helpOfGroup(word: string, commands: Record<string, Command>): string | undefined {
  const group = Object.entries(commands).filter(([name]) => name.startsWith(`${word} `));
  return group.length === 0
    ? undefined
    : `Usage: ${PROGRAM} <command>\n\n${listOf(Object.fromEntries(group))}`;
}

/** The way to get help, for the end of an error; `words` follow `help`. */
export function hint(words: string): string {
  return `Run "${`${PROGRAM} help ${words}`.trimEnd()}" for help`;
}

function listOf(commands: Record<string, Command>): string {
  return Object.entries(commands).map(([name, { summary }]) => rowOf(name, summary)).join("\n");
}

function rowOf(term: string, help: string): string {
  return term.length < WIDTH_COLUMNS - 1
    ? `  ${term.padEnd(WIDTH_COLUMNS)}${help}`
    : `  ${term}\n  ${"".padEnd(WIDTH_COLUMNS)}${help}`;
}

function optionText(name: string, { value }: Pick<Option, "value">): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

function operandText({ name, optional }: Operand): string {
  return optional ? `[${name}]` : name;
}
