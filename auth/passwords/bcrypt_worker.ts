/**
 * The thread of `bcrypt.ts`: takes one {@linkcode PasswordCheck} at a time and replies if it matches.
 *
 * @module
 */
// The package's default file is CommonJS: it loads Node's module system, 30 ms of CPU time in each thread.
// @ts-types="hash-wasm"
import { bcryptVerify } from "hash-wasm/dist/index.esm.js";
import type { PasswordCheck, ThreadAnswer } from "./bcrypt.ts";

/** Used part of a worker's global scope; the project's types are those of the main thread. */
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<PasswordCheck>) => Promise<void>;
  postMessage(answer: ThreadAnswer): void;
};

scope.onmessage = async ({ data: { password, hash } }) => {
  try {
    scope.postMessage(await bcryptVerify({ password, hash }));
  } catch (error) {
    // Deno would write an uncaught error to the error stream, which is the log's.
    scope.postMessage({ error: String(error) });
  }
};
