import { randomBytes } from "node:crypto";
import { bcrypt } from "hash-wasm";
import { accountName, isPassword, MAX_PASSWORD_BYTES } from "../../auth/mod.ts";
import { StartError } from "../../config/mod.ts";
import { MisuseError } from "../command.ts";
import { readPassword } from "../prompt.ts";

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
