/** True if `text` is a valid id of an account token. */
export function isAccountTokenId(text: string): boolean {
  return /^[0-9A-Za-z]{16}$/.test(text);
}
