/** Segments of lower-case letters, digits and hyphens: no `.`, so that a key can never climb out of a folder. */
const KEY = /^[a-z0-9-]+(?:\/[a-z0-9-]+)*$/;
const PREFIX = /^(?:[a-z0-9-]+\/)*[a-z0-9-]*$/;

/** Maximum characters of a key: with a driver's additions it still fits a file name (255 bytes). */
const MAX_KEY_CHARACTERS = 200;

/** True if `key` is a valid object key. */
export function isObjectKey(key: string): boolean {
  return key.length <= MAX_KEY_CHARACTERS && KEY.test(key);
}

/**
 * Checks an object key.
 *
 * @throws {RangeError} for an invalid key.
 */
export function checkKey(key: string): void {
  if (!isObjectKey(key)) {
    throw new RangeError(
      `Cannot use ${JSON.stringify(key)} as a key: it does not follow the grammar of keys`,
    );
  }
}

/**
 * Checks a prefix of object keys.
 *
 * @throws {RangeError} for an invalid prefix.
 */
export function checkPrefix(prefix: string): void {
  if (!PREFIX.test(prefix)) {
    throw new RangeError(`Cannot list ${JSON.stringify(prefix)}: no key has this prefix`);
  }
}
