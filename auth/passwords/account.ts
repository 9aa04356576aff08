import { createHash } from "node:crypto";

/** Maximum characters of a name. */
const MAX_NAME_CHARACTERS = 128;

/** Characters of a name: visible ones, except those with a meaning in `name:password` or in a policy. */
const NAME = /^[^\p{C}\p{Z}:*]+$/u;

/**
 * Account name in the form in which names are compared: Unicode NFC, because keyboards produce different bytes for the
 * same letters (RFC 8265 §3.3). `undefined` for an invalid name.
 */
export function accountName(text: string): string | undefined {
  // Longer text is too long in every normalization form.
  if (text.length > 4 * MAX_NAME_CHARACTERS) return undefined;
  const name = text.normalize("NFC");
  return name.length <= MAX_NAME_CHARACTERS && NAME.test(name) ? name : undefined;
}

/** Name of a robot account: shorter and plainer than a person's, because scripts and policies contain it. */
const ROBOT = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/** True if `text` is a valid name of a robot account. */
export function isRobotName(text: string): boolean {
  return text.length <= 64 && ROBOT.test(text);
}

/** Value of `Principal.credential` for a stored password hash: unique for each hash, and reveals nothing about it. */
export function fingerprintOf(hash: string): string {
  return createHash("sha256").update(`skerry account ${hash}`).digest("base64url").slice(0, 22);
}
