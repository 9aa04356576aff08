import { randomBytes } from "node:crypto";
import { bcrypt } from "hash-wasm";
import { accountName } from "../auth/account.ts";
import { isPassword, LONGEST_PASSWORD } from "../auth/bcrypt.ts";
import { StartError } from "../start_error.ts";
import { MisuseError } from "./command.ts";

/** Rounds of a hash as powers of two: some 60 ms for who logs in, and for each guess. */
const COST = 10;

/**
 * `skerry htpasswd`: prints a name and the hash of the password that `read` brings, as an htpasswd file has them.
 *
 * @returns The exit code.
 * @throws {MisuseError} for what can be nobody's name.
 * @throws {StartError} for what can be no password.
 */
export async function htpasswd(
  text: string,
  print: (text: string) => void,
  read: () => Promise<string> = readPassword,
): Promise<number> {
  const name = accountName(text);
  if (name === undefined) throw new MisuseError(`Nobody can be called that: "${text}"`);
  const password = await read();
  if (!isPassword(password)) {
    throw new StartError(`A password has 1 to ${LONGEST_PASSWORD} bytes, and no control characters`);
  }
  const hash = await bcrypt({ password, salt: randomBytes(16), costFactor: COST, outputType: "encoded" });
  print(`${name}:${hash}`);
  return 0;
}

/** The first line of standard input; a terminal does not show it. */
async function readPassword(): Promise<string> {
  if (!Deno.stdin.isTerminal()) {
    const text = await new Response(Deno.stdin.readable).text();
    return text.replace(/\r?\n$/, "");
  }
  console.error("Password:");
  Deno.stdin.setRaw(true, { cbreak: true });
  try {
    return await readLine();
  } finally {
    Deno.stdin.setRaw(false);
  }
}

/** A line that is typed, with what a backspace takes away. */
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
