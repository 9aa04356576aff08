/** 128 random bits as 32 lower-case hexadecimal digits: unguessable, unique, and safe in paths and keys. */
export function randomId(): string {
  return crypto.getRandomValues(new Uint8Array(16)).toHex();
}
