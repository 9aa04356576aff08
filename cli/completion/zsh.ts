import type { Completion, Operand } from "../command.ts";
import type { Grammar, GrammarCommand, GrammarOption, NextWord } from "./grammar.ts";

/** Completion for zsh, as a function of `fpath` or sourced after `compinit`. */
export function zshCompletion({ commands, next }: Grammar): string {
  return `#compdef skerry
# Completion of skerry for zsh: a file _skerry in fpath, or source <(skerry completion zsh) after compinit

_skerry() {
  local -a next specs
  local length=1
  case "\${(j: :)words[2,CURRENT-1]} " in
${commands.filter(({ words }) => words.length === 2).map(caseOf).join("\n")}
${
    [...next].map(([first, words]) => {
      const command = commands.find(({ words: [word, second] }) => word === first && second === undefined);
      return nextOf(first, words, command);
    }).join("\n")
  }
${commands.filter(({ words }) => words.length === 1).map(caseOf).join("\n")}
    *) return 1 ;;
  esac
  if (( $#next )) && [[ $PREFIX != -* || $#specs -eq 0 ]]; then
    _describe -t commands command next
    return
  fi
  # The options and operands of the command stand alone for _arguments.
  words=("\${(@)words[length+1,-1]}")
  (( CURRENT -= length ))
  _arguments -S : $specs
}

if [[ $funcstack[1] == _skerry ]]; then
  _skerry "$@"
else
  compdef _skerry skerry
fi
`;
}

function caseOf(command: GrammarCommand): string {
  return `    '${command.words.join(" ")} '*)
${specsOf(command)}
      ;;`;
}

function nextOf(first: string, words: readonly NextWord[], command: GrammarCommand | undefined): string {
  return `    '${first} ')
      next=(
${words.map(({ word, summary }) => `        ${quoted(`${word}:${summary}`)}`).join("\n")}
      )${command === undefined ? "" : `\n${specsOf(command)}`}
      ;;`;
}

/** Assignments of shell variables that describe a command. */
function specsOf({ words, options, operands }: GrammarCommand): string {
  const specs = [...options.map(optionSpec), ...operands.map(operandSpec)];
  return `      length=${words.length}
      specs=(
${specs.map((spec) => `        ${quoted(spec)}`).join("\n")}
      )`;
}

function optionSpec({ name, help, value, completes, repeatable }: GrammarOption): string {
  const star = repeatable ? "*" : "";
  const text = help.replaceAll(/[[\]\\:]/g, "\\$&");
  if (value === undefined) return `${star}--${name}[${text}]`;
  return `${star}--${name}=[${text}]:${escaped(value)}:${actionOf(completes)}`;
}

function operandSpec({ name, completes, optional }: Operand, index: number): string {
  return `${index + 1}:${optional ? ":" : ""}${escaped(name)}:${actionOf(completes)}`;
}

function actionOf(completes: Completion | undefined): string {
  if (completes === undefined) return " ";
  return completes === "files" ? "_files" : `(${completes.join(" ")})`;
}

function escaped(text: string): string {
  return text.replaceAll(/[\\:]/g, "\\$&");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
