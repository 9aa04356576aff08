/**
 * Keys that sign tokens: in the table, or in a file.
 *
 * @module
 */
export { openFileKeys } from "./file_keys.ts";
export { parseKeyFile, type PublicKey } from "./key_file.ts";
export { jwksOf, type SigningKeys } from "./keys.ts";
export { TableKeys, type TableKeysOptions } from "./table_keys.ts";
