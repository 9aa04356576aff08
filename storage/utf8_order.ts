/**
 * Compares by UTF-8 bytes, for `Array.prototype.sort`: the order that both ports promise. `<` on strings compares
 * UTF-16 units, which puts U+E000 to U+FFFF after everything beyond U+FFFF.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Position of a UTF-16 unit in the order of code points: surrogates come after all others. */
function rank(unit: number): number {
  const isSurrogate = unit >= 0xd800 && unit <= 0xdfff;
  return isSurrogate ? unit + 0x10000 : unit;
}

/**
 * Least string, by UTF-8 bytes, above every string with this prefix; `undefined` if none exists (for an empty prefix,
 * or one of U+10FFFF only).
 */
export function endOfPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) as number);
  // UTF-8 keeps the order of code points, so the end is the prefix with its last one raised; one that cannot be
  // raised is dropped, and the one before it raised.
  while (points.at(-1) === 0x10ffff) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  // The code points of surrogates have no UTF-8.
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
}
