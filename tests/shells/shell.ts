/**
 * Real shells with the completion of Skerry.
 *
 * @module
 */
import { tool, type ToolName } from "../tools/tool.ts";

/** Maximum time of a shell, in milliseconds. */
const DEADLINE_MS = 60_000;

/** Text before the words of a command line that ran; the typed line does not contain it. */
const MARK = "RAN";

/** Control sequences of a terminal. */
// deno-lint-ignore no-control-regex -- They begin with escape.
const CONTROL = /\x1b(?:\[[?\d;]*[a-z]|[=>])/gi;

/** Shells of {@linkcode typeIn}: each with its file of settings, and the way to start it with them. */
const SHELLS = {
  bash: {
    file: "bashrc",
    settings: (script: string) => `PS1='> '\nsource ${script}\n`,
    command: (program: string, folder: string) => `${program} --noprofile --rcfile ${folder}/bashrc -i`,
  },
  zsh: {
    file: ".zshrc",
    settings: (script: string) => `PS1='> '\nautoload -Uz compinit\ncompinit -u -D\nsource ${script}\n`,
    command: (program: string) => `${program} -i`,
  },
} satisfies Record<string, {
  file: string;
  settings: (script: string) => string;
  command: (program: string, folder: string) => string;
}>;

/**
 * Types lines into a shell on a terminal, each with the keys that it needs to complete it, and returns the words of the
 * command lines that ran. The program itself only shows its words.
 */
export async function typeIn(
  shell: keyof typeof SHELLS,
  lines: readonly string[],
  { folder, script }: { folder: string; script: string },
): Promise<string[][]> {
  const { file, settings, command } = SHELLS[shell];
  const program = `skerry() { printf '${MARK.slice(0, 1)}%s' '${
    MARK.slice(1)
  }'; printf '<%s>' "$@"; echo; }\n`;
  await Deno.writeTextFile(`${folder}/${file}`, settings(script) + program);
  const inner = command(await tool(shell), folder);
  const child = new Deno.Command(await tool("script"), {
    args: ["--quiet", "--return", "--command", inner, "/dev/null"],
    clearEnv: true,
    env: { HOME: folder, ZDOTDIR: folder, TERM: "xterm", PATH: "/usr/bin:/bin", LANG: "C.UTF-8" },
    cwd: folder,
    stdin: "piped",
    stdout: "piped",
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).spawn();
  const keyboard = child.stdin.getWriter();
  const ran: string[][] = [];
  let [shown, sent] = ["", 0];
  const type = async (text: string) => await keyboard.write(new TextEncoder().encode(text));
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    shown += text;
    ran.splice(0, Infinity, ...wordsIn(shown));
    // One line after the other: shells insert a tab of a pasted text as it is.
    if (ran.length < sent || !shown.replaceAll(CONTROL, "").endsWith("> ")) continue;
    if (sent <= lines.length) await type(sent === lines.length ? "exit\n" : `${lines[sent]}\n`);
    sent++;
  }
  await keyboard.close().catch(() => {}); // the terminal is gone
  await child.status;
  if (ran.length !== lines.length) {
    throw new Error(`${shell} ran ${ran.length} of ${lines.length} lines:\n${shown}`);
  }
  return ran;
}

/** Words that fish offers at the end of a line. */
export async function offersOf(line: string, script: string, cwd: string): Promise<string[]> {
  const { code, stdout, stderr } = await new Deno.Command(await tool("fish"), {
    args: ["--no-config", "--command", `source ${script}; complete --do-complete "${line}"`],
    env: { HOME: cwd },
    cwd,
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  if (code !== 0 || stderr.length > 0) throw new Error(`fish failed: ${new TextDecoder().decode(stderr)}`);
  const lines = new TextDecoder().decode(stdout).split("\n").filter((text) => text !== "");
  return lines.map((text) => text.split("\t")[0]!);
}

function wordsIn(shown: string): string[][] {
  return [...shown.matchAll(new RegExp(`${MARK}((?:<[^>]*>)*)\r?\n`, "g"))]
    .map(([, words]) => [...words!.matchAll(/<([^>]*)>/g)].map(([, word]) => word!));
}

/** Fails unless a shell can read a script. */
export async function checkSyntax(
  shell: Extract<ToolName, "bash" | "zsh" | "fish">,
  script: string,
): Promise<void> {
  const { code, stderr } = await new Deno.Command(await tool(shell), { args: ["-n", script] }).output();
  if (code !== 0) throw new Error(`${shell} cannot read its completion: ${new TextDecoder().decode(stderr)}`);
}
