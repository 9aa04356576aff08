/** True if the value of `auth.keys` is the keys themselves and not the path of a file. */
export function isKeyText(source: string): boolean {
  // A list of keys is no set, but no name of a file either, and messages have those.
  return /^\s*[{[]/.test(source);
}
