/**
 * Text that clients and users choose, safe for a terminal and a log. Control characters move the cursor or begin a
 * line, format characters hide text or turn its direction, and a space or an equals sign fakes another field. Letters
 * of every script stay; invisible characters are escaped as in JSON.
 *
 * @module
 */

/** Everything of the categories C (controls, formats, surrogates, unassigned) and Z, except the space. */
const UNSAFE = /(?! )[\p{C}\p{Z}]/gu;
const UNSAFE_EXCEPT_NEWLINES = /(?![ \n])[\p{C}\p{Z}]/gu;
const NOT_ASCII = /[^\x20-\x7e]/g;
const HAS_NOT_ASCII = /[^\x20-\x7e]/;

/** Printable ASCII without spaces, quotes, equals signs and backslashes. */
const WORD = /^[\x21\x23-\x3c\x3e-\x5b\x5d-\x7e]+$/;

/** A text on one line. */
export function plainText(text: string): string {
  return text.replace(UNSAFE, escapeUnits);
}

/** A text of several lines, each of which is safe. */
export function plainLines(text: string): string {
  return text.replace(UNSAFE_EXCEPT_NEWLINES, escapeUnits);
}

/** A value among others on a line: in quotes, unless it is one plain word. */
export function plainField(value: unknown): string {
  const text = String(value);
  return WORD.test(text) ? text : plainText(JSON.stringify(text));
}

/** The JSON of a value, in printable ASCII alone. */
export function plainJson(value: unknown): string {
  const json = JSON.stringify(value);
  return HAS_NOT_ASCII.test(json) ? json.replace(NOT_ASCII, escapeUnits) : json;
}

function escapeUnits(character: string): string {
  let escaped = "";
  for (let i = 0; i < character.length; i++) {
    escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
  }
  return escaped;
}
