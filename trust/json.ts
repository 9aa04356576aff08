/** JSON of a client: any value. */
type JsonObject = Record<string, unknown>;

/** True for an object that is no array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Value of JSON in UTF-8. @throws {TypeError | SyntaxError} if the bytes are none. */
export function parseJson(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
}
