import { createPrivateKey, X509Certificate } from "node:crypto";
import { type Config, StartError } from "../../../config/mod.ts";

/** Certificate with its private key, in PEM. */
export interface KeyPair {
  /** Certificate of the server, and those between it and a root. */
  cert: string;
  /** Private key of the first one. */
  key: string;
  /** SHA-256 of the first one. */
  fingerprint: string;
  /** End of its validity, in milliseconds since the epoch. */
  validUntil: number;
}

/**
 * Reads the configured certificate and its key.
 *
 * @throws {StartError} if one of them cannot be read, the certificate is not valid at `now`, or the key is another one's.
 *   The message contains no part of the key.
 */
export async function readKeyPair(
  { tlsCert, tlsKey }: Pick<Config, "tlsCert" | "tlsKey">,
  now: number = Date.now(),
): Promise<KeyPair> {
  const [cert, key] = await Promise.all([read("tlsCert", tlsCert), read("tlsKey", tlsKey)]);
  const certificate = parsed(
    `tlsCert: "${tlsCert}" has no certificate in PEM`,
    () => new X509Certificate(cert),
  );
  const privateKey = parsed(
    `tlsKey: "${tlsKey}" has no private key in PEM without a password`,
    () => createPrivateKey(key),
  );
  const [from, until] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (!(now < until)) throw new StartError(`tlsCert: "${tlsCert}" has expired (${dateOf(until)})`);
  if (!(now >= from)) throw new StartError(`tlsCert: "${tlsCert}" is not valid before ${dateOf(from)}`);
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new StartError(`tlsKey: "${tlsKey}" is not the key of the certificate in "${tlsCert}"`);
  }
  return { cert, key, fingerprint: certificate.fingerprint256, validUntil: until };
}

async function read(setting: string, path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new StartError(`${setting}: Cannot read "${path}": ${(error as Error).message}`, { cause: error });
  }
}

/** Not with the error as the cause: it may contain parts of a key. */
function parsed<T>(problem: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw new StartError(problem);
  }
}

function dateOf(time: number): string {
  return new Date(time).toISOString();
}
