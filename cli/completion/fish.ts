import type { Completion } from "../command.ts";
import type { Grammar, GrammarCommand, GrammarOption } from "./grammar.ts";

/** Completion for fish 3 and later. */
export function fishCompletion({ commands, next }: Grammar): string {
  return `# Completion of skerry for fish: skerry completion fish | source

# True if exactly these words, and no others, follow the program.
function __skerry_at
    set -l before (commandline -opc)
    test "$before[2..]" = "$argv"
end

# True if these words follow the program, and possibly others.
function __skerry_in
    set -l before (commandline -opc)
    test (count $before) -gt (count $argv)
    and test "$before[2..$(math (count $argv) + 1)]" = "$argv"
end

complete -c skerry -f
complete -c skerry -n __skerry_at -l help -d 'List all commands'
complete -c skerry -n __skerry_at -l version -d 'Print the version'

${
    [...next].map(([first, words]) =>
      words.map(({ word, summary }) =>
        `complete -c skerry -n ${quoted(`__skerry_at ${first}`.trim())} -a ${word} -d ${quoted(summary)}`
      ).join("\n")
    ).join("\n")
  }

${commands.map((command) => linesOf(command, next)).filter((lines) => lines !== "").join("\n")}
`;
}

function linesOf({ words, options, operands }: GrammarCommand, next: Grammar["next"]): string {
  // The options of a command such as `events` are not those of `events retry`.
  const inner = words.length > 1 ? [] : next.get(words[0]!) ?? [];
  const conditions = [
    `__skerry_in ${words.join(" ")}`,
    ...inner.map(({ word }) => `not __skerry_in ${words[0]} ${word}`),
  ];
  const inside = `complete -c skerry -n ${quoted(conditions.join("; and "))}`;
  return [
    ...options.map((option) => `${inside} ${optionText(option)}`),
    ...operands.flatMap(({ completes }) =>
      completes === undefined ? [] : [`${inside} ${valueText(completes)}`]
    ),
  ].join("\n");
}

function optionText({ name, help, value, completes }: GrammarOption): string {
  const kind = value === undefined ? "" : completes === "files" ? " -r -F" : " -x";
  const words = completes === undefined || completes === "files" ? "" : ` ${valueText(completes)}`;
  return `-l ${name}${kind}${words} -d ${quoted(help)}`;
}

function valueText(completes: Completion): string {
  return completes === "files" ? "-F" : `-a ${quoted(completes.join(" "))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}
