/** True if both have the same bytes. Not in constant time: for public values. */
export function bytesEqual(one: ArrayBuffer, other: ArrayBuffer): boolean {
  const [a, b] = [new Uint8Array(one), new Uint8Array(other)];
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
