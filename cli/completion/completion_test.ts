import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Command } from "../command.ts";
import { COMMANDS } from "../commands.ts";
import { completionOf } from "./mod.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

/** Commands whose texts have every special character of a shell. */
const SPECIAL: Record<string, Command> = {
  a: { summary: "Also a command", options: { up: { help: "Up" } }, run: () => Promise.resolve(0) },
  "a b": {
    summary: 'It\'s $HOME: [`x`] \\ "y"',
    options: {
      to: { value: "FILE", completes: "files", help: "It's [a]: $b" },
      on: { help: "On", repeatable: true },
    },
    operands: [{ name: "X:Y", help: "", completes: ["p", "q"], optional: true }],
    run: () => Promise.resolve(0),
  },
};

Deno.test("completionOf() knows every command and every option", () => {
  for (const shell of SHELLS) {
    const text = completionOf(shell, COMMANDS);
    for (const [name, { options = {} }] of Object.entries(COMMANDS)) {
      for (const word of name.split(" ")) assert(new RegExp(`\\b${word}\\b`).test(text), `${shell}: ${word}`);
      for (const option of Object.keys(options)) {
        assertStringIncludes(text, shell === "fish" ? `-l ${option} ` : `--${option}`);
      }
    }
  }
});

Deno.test("completionOf() quotes texts for each shell", () => {
  const lines = (shell: typeof SHELLS[number]) =>
    completionOf(shell, SPECIAL).split("\n").map((line) => line.trim());
  const has = (shell: typeof SHELLS[number], ...expected: string[]) => {
    assertEquals(expected.filter((line) => !lines(shell).includes(line)), [], shell);
  };
  has(
    "bash",
    "'a b '*) options='--to --on --help' valued=' --to ' files=' --to ' choices='p q' ;;",
    "' ') next='a help' options='--help --version' ;;",
    "'a ') next='b' options='--up --help' ;;",
    "'a '*) options='--up --help' ;;",
    "'help '*) options='' choices='a' ;;",
  );
  has(
    "zsh",
    "'--to=[It'\\''s \\[a\\]\\: $b]:FILE:_files'",
    "'*--on[On]'",
    "'1::X\\:Y:(p q)'",
    "'a:Also a command'",
    "'b:It'\\''s $HOME: [`x`] \\ \"y\"'",
  );
  has(
    "fish",
    "complete -c skerry -n '__skerry_at a' -a b -d 'It\\'s $HOME: [`x`] \\\\ \"y\"'",
    "complete -c skerry -n '__skerry_in a; and not __skerry_in a b' -l up -d 'Up'",
    "complete -c skerry -n '__skerry_in a b' -l to -r -F -d 'It\\'s [a]: $b'",
    "complete -c skerry -n '__skerry_in a b' -a 'p q'",
  );
});
