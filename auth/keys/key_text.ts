/** True if the value of `auth.keys` is the keys themselves and not the path of a file. */
export function isKeyText(source: string): boolean {
  // "[" counts too: a list of keys is invalid, but must not be taken for a file name, which error messages contain.
  return /^\s*[{[]/.test(source);
}
