import { randomBytes } from "node:crypto";
import { bcrypt } from "hash-wasm";
import { accountName, isPassword, MAX_PASSWORD_BYTES } from "../../auth/mod.ts";
import { StartError } from "../../config/mod.ts";
import { MisuseError } from "../command.ts";

/** Cost of a hash: about 60 ms for each login and each guess. */
const BCRYPT_COST = 10;

/**
 * `skerry htpasswd`: prints a name and the hash of the password from `read`, as a line of an htpasswd file.
 *
 * @returns The exit code.
 * @throws {MisuseError} for an invalid name.
 * @throws {StartError} for an invalid password.
 */
export async function htpasswd(
  text: string,
  print: (text: string) => void,
  read: () => Promise<string> = readPassword,
): Promise<number> {
  const name = accountName(text);
  if (name === undefined) {
    throw new MisuseError(`Expected a name without spaces, colons or asterisks, got "${text}"`);
  }
  const password = await read();
  if (!isPassword(password)) {
    throw new StartError(
      `Expected a password of 1 to ${MAX_PASSWORD_BYTES} bytes without control characters`,
    );
  }
  const hash = await bcrypt({
    password,
    salt: randomBytes(16),
    costFactor: BCRYPT_COST,
    outputType: "encoded",
  });
  print(`${name}:${hash}`);
  return 0;
}

/** The first line of standard input; a terminal does not show it. */
async function readPassword(): Promise<string> {
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
