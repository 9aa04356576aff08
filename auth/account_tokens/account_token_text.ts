import { createHash } from "node:crypto";

/** Parts of an account token. */
export interface AccountTokenText {
  /** Whole account token, which is shown once. */
  text: string;
  /** Public id of the account token. */
  id: string;
  /**
   * SHA-256 in hexadecimal, which is stored instead of the token. The token has 256 random bits, so the hash needs no
   * salt and no slow function.
   */
  hash: string;
}

/** Prefix of every account token, for secret scanners. */
const PREFIX = "skr_";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** `skr_<id>_<43 random characters (256 bits)><6 characters of checksum>`. */
const FORM = /^(skr_([0-9A-Za-z]{16})_[0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;

/** True if a password looks like an account token, complete or not. */
export function looksLikeAccountToken(password: string): boolean {
  return password.startsWith(PREFIX);
}

/** New account token. */
export function makeAccountToken(): AccountTokenText {
  const id = randomText(16);
  const body = `${PREFIX}${id}_${randomText(43)}`;
  const text = body + checksumOf(body);
  return { text, id, hash: hashOf(text) };
}

/** Parts of an account token; `undefined` for any other text, and for a mistyped or truncated token. */
export function readAccountToken(text: string): AccountTokenText | undefined {
  const [, body, id, checksum] = FORM.exec(text) ?? [];
  if (body === undefined || id === undefined || checksum !== checksumOf(body)) return undefined;
  return { text, id, hash: hashOf(text) };
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/**
 * First 32 bits of the hash, in base 62. Detects typing errors and truncated tokens; it proves
 * nothing, because every client can compute it.
 */
function checksumOf(body: string): string {
  let rest = createHash("sha256").update(body).digest().readUInt32BE();
  let checksum = "";
  for (let i = 0; i < 6; i++) {
    checksum = ALPHABET[rest % ALPHABET.length] + checksum;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return checksum;
}

/** Random characters of {@linkcode ALPHABET}, all equally likely. */
function randomText(length: number): string {
  let text = "";
  while (text.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length))) {
      const index = byte & 63;
      if (index < ALPHABET.length && text.length < length) text += ALPHABET[index];
    }
  }
  return text;
}
