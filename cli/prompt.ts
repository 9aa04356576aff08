import { MisuseError } from "./command.ts";

/** Password from standard input. A terminal does not show it. */
export async function readPassword(): Promise<string> {
  if (!Deno.stdin.isTerminal()) {
    const text = await new Response(Deno.stdin.readable).text();
    return text.replace(/\r?\n$/, "");
  }
  return await withoutEcho(async () => {
    console.error("Password:"); // only now: what is typed before it would be shown
    return await readLine();
  });
}

/** Signals that end a prompt, and the exit codes that a shell expects after them. */
const INTERRUPTIONS = { SIGINT: 130, SIGTERM: 143 } as const;

/** Runs `use` with a terminal that does not echo; turns the echo on again however `use` ends. */
async function withoutEcho<T>(use: () => Promise<T>): Promise<T> {
  const listeners = Object.entries(INTERRUPTIONS).map(([signal, code]) => {
    const interrupt = () => {
      Deno.stdin.setRaw(false);
      Deno.exit(code);
    };
    return { signal: signal as keyof typeof INTERRUPTIONS, interrupt };
  }).filter(({ signal }) => Deno.build.os !== "windows" || signal === "SIGINT");
  for (const { signal, interrupt } of listeners) Deno.addSignalListener(signal, interrupt);
  Deno.stdin.setRaw(true, { cbreak: true });
  try {
    return await use();
  } finally {
    Deno.stdin.setRaw(false);
    for (const { signal, interrupt } of listeners) Deno.removeSignalListener(signal, interrupt);
  }
}

/** Typed line, after backspaces. */
async function readLine(): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(256);
  let line = "";
  for (;;) {
    const count = await Deno.stdin.read(buffer);
    if (count === null) return line;
    for (const character of decoder.decode(buffer.subarray(0, count), { stream: true })) {
      if (character === "\r" || character === "\n") return line;
      if (character === "\x7f" || character === "\b") line = [...line].slice(0, -1).join("");
      else line += character;
    }
  }
}

/**
 * Asks the operator on a terminal; true for `y` or `yes`.
 *
 * @throws {MisuseError} without a terminal.
 */
export async function confirmed(question: string): Promise<boolean> {
  if (!Deno.stdin.isTerminal()) {
    throw new MisuseError("Cannot ask for confirmation without a terminal: add --yes");
  }
  console.error(`${question} [y/N]`);
  return /^y(es)?$/i.test((await readTyped()).trim());
}

/** A line that the terminal has edited. */
async function readTyped(): Promise<string> {
  const buffer = new Uint8Array(1024);
  const count = await Deno.stdin.read(buffer) ?? 0;
  return new TextDecoder().decode(buffer.subarray(0, count)).split("\n")[0]!;
}
