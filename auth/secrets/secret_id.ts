/** Whether the text is the id of a secret. */
export function isSecretId(text: string): boolean {
  return /^[0-9A-Za-z]{16}$/.test(text);
}
