import type { Grammar, GrammarCommand } from "./grammar.ts";

/** Completion for bash 3.2 and later, which complete words without their help. */
export function bashCompletion({ commands, next }: Grammar): string {
  return `# Completion of skerry for bash: source <(skerry completion bash)
_skerry() {
  local IFS=$' \\t\\n'
  local current=\${COMP_WORDS[COMP_CWORD]} option=\${COMP_WORDS[COMP_CWORD-1]}
  local next='' options='' valued='' files='' choices='' operands=''
  # bash makes a word of each "=".
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $option == '=' ]]; then
    option=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  case "\${COMP_WORDS[*]:1:COMP_CWORD-1} " in
${commands.filter(({ words }) => words.length === 2).map(caseOf).join("\n")}
${
    [...next].map(([first, words]) => {
      const command = commands.find(({ words: [word, second] }) => word === first && second === undefined);
      return nextOf(first, words.map(({ word }) => word), command);
    }).join("\n")
  }
${commands.filter(({ words }) => words.length === 1).map(caseOf).join("\n")}
  esac
  COMPREPLY=()
  if [[ $valued == *" $option "* ]]; then
    [[ $files == *" $option "* ]] && _skerry_files "$current"
  elif [[ $current == -* ]]; then
    _skerry_words "$options" "$current"
  elif [[ -n $next$choices ]]; then
    _skerry_words "$next $choices" "$current"
  elif [[ $operands == files ]]; then
    _skerry_files "$current"
  fi
}

# Words and names of files become the elements of COMPREPLY; bash 3.2 has no mapfile.
_skerry_words() {
  local word
  while IFS='' read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$1" -- "$2")
}

_skerry_files() {
  local name
  compopt -o filenames 2> /dev/null
  while IFS='' read -r name; do COMPREPLY+=("$name"); done < <(compgen -f -- "$1")
}

complete -F _skerry skerry
`;
}

function caseOf(command: GrammarCommand): string {
  return `    '${command.words.join(" ")} '*) ${settingsOf(command)} ;;`;
}

function nextOf(first: string, words: readonly string[], command: GrammarCommand | undefined): string {
  const settings = first === ""
    ? "options='--help --version'"
    : command === undefined
    ? ""
    : settingsOf(command);
  return `    '${first} ') next='${words.join(" ")}'${settings === "" ? "" : ` ${settings}`} ;;`;
}

/** Assignments of shell variables that describe a command. */
function settingsOf({ options, operands }: GrammarCommand): string {
  const names = (list: typeof options) => list.map(({ name }) => `--${name}`).join(" ");
  const valued = options.filter(({ value }) => value !== undefined);
  const files = valued.filter(({ completes }) => completes === "files");
  const choices = operands.flatMap(({ completes = [] }) => completes === "files" ? [] : completes);
  return [
    `options='${names(options)}'`,
    ...valued.length > 0 ? [`valued=' ${names(valued)} '`] : [],
    ...files.length > 0 ? [`files=' ${names(files)} '`] : [],
    ...choices.length > 0 ? [`choices='${choices.join(" ")}'`] : [],
    ...operands.some(({ completes }) => completes === "files") ? ["operands=files"] : [],
  ].join(" ");
}
