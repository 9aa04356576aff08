import { type Digest, isDigest, isTag, RegistryError, type Tag } from "../oci/mod.ts";

/** RFC 3339 of milliseconds since the epoch. */
export function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** Object of untrusted JSON; empty for anything else. */
export function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : {};
}

/** Array of untrusted JSON; empty for anything else. */
export function arrayOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Text of untrusted JSON, without empty texts. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Texts of an array of untrusted JSON. */
export function textsOf(value: unknown): string[] {
  return arrayOf(value).filter((item) => typeof item === "string");
}

/** Texts of an object of untrusted JSON, by their names. A name that sets the prototype of an object is left out. */
export function textMapOf(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(objectOf(value)).filter((entry): entry is [string, string] =>
      typeof entry[1] === "string" && entry[0] !== "__proto__"
    ),
  );
}

/** A member of an answer that is absent if the value is. */
export function member<K extends string, V>(name: K, value: V | undefined): { [name in K]?: V } {
  return value === undefined ? {} : { [name]: value } as { [name in K]?: V };
}

/** Entries of a page: 1 to 100, or up to `most`; 25 by default. */
export function sizeOf(n: number | undefined, most = 100): number {
  if (n === undefined || !Number.isSafeInteger(n)) return Math.min(25, most);
  return Math.max(1, Math.min(n, most));
}

/** A value as an opaque cursor. */
export function cursorOf(value: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/**
 * Value of a cursor of {@linkcode cursorOf}. The caller checks it, because clients can write cursors of their own.
 *
 * @throws {RegistryError} 400 for any other text.
 */
export function readCursor(cursor: string): unknown {
  try {
    const bytes = Uint8Array.fromBase64(cursor, { alphabet: "base64url" });
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw badCursor();
  }
}

/** Error for a cursor that the registry did not make. */
export function badCursor(): RegistryError {
  return new RegistryError("UNSUPPORTED", "Position in the list is not valid", { status: 400 });
}

/** Digest in untrusted JSON, of an algorithm that this registry stores. */
export function digestIn(value: unknown): Digest | undefined {
  return typeof value === "string" && isDigest(value) ? value : undefined;
}

/** Tag in a text. */
export function tagIn(value: unknown): Tag | undefined {
  return typeof value === "string" && isTag(value) ? value : undefined;
}
