import type { Command, Completion, Operand } from "../command.ts";

/** Option, as shells complete it. */
export interface GrammarOption {
  /** Name without dashes. */
  name: string;
  /** Its effect. */
  help: string;
  /** Word for its value; absent for an option without one. */
  value?: string;
  /** Values that a shell offers. */
  completes?: Completion;
  /** True if it may be given several times. */
  repeatable: boolean;
}

/** Command, as shells complete it. */
export interface GrammarCommand {
  /** One word, or two. */
  words: readonly string[];
  /** A verb and an object. */
  summary: string;
  /** Its options, `--help` included. */
  options: readonly GrammarOption[];
  /** Its operands in their order. */
  operands: readonly Operand[];
}

/** Word that can follow the words before it. */
export interface NextWord {
  /** The word. */
  word: string;
  /** Summary of the command, or of the group. */
  summary: string;
}

/** Commands, as shells complete them. */
export interface Grammar {
  /** All commands, `help` included. */
  commands: readonly GrammarCommand[];
  /** Words that can follow no word, and those that can follow the first word of a group, such as `token`. */
  next: ReadonlyMap<string, readonly NextWord[]>;
}

const HELP = { name: "help", help: "Explain the command", repeatable: false };

/** Grammar of these commands, of `help` and of `--help`. */
export function grammarOf(commands: Record<string, Command>): Grammar {
  const all: GrammarCommand[] = Object.entries(commands).map((
    [name, { summary, options = {}, operands = [] }],
  ) => ({
    words: name.split(" "),
    summary,
    options: [
      ...Object.entries(options).map(([name, option]) => ({ repeatable: false, ...option, name })),
      HELP,
    ],
    operands,
  }));
  const firstWords = [...new Set(all.map(({ words }) => words[0]!))];
  const help: GrammarCommand = {
    words: ["help"],
    summary: "Explain a command",
    options: [],
    operands: [{ name: "COMMAND", help: "Name of a command", completes: firstWords, optional: true }],
  };
  const complete = [...all, help];
  const first = new Map<string, NextWord>();
  const next = new Map<string, NextWord[]>();
  for (const { words: [word = "", second], summary } of complete) {
    // A word can be both: a command, such as `events`, and the first word of others, such as `events retry`.
    if (second === undefined) first.set(word, { word, summary });
    else {
      if (!first.has(word)) first.set(word, { word, summary: `Commands that begin with ${word}` });
      if (!next.has(word)) next.set(word, []);
      next.get(word)!.push({ word: second, summary });
    }
  }
  return { commands: complete, next: new Map([["", [...first.values()]], ...next]) };
}
