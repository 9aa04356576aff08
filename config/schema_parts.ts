import { list, mismatch, type Schema, text } from "../oci/schema.ts";
import type { Kind } from "./setting_kinds.ts";

/** A value of this kind as the environment (always text) or a file (text, a number, true or false) gives it. */
export function ofKind<T>({ read, expected }: Pick<Kind<T>, "read" | "expected">): Schema<T> {
  return (input, place) => {
    // The text of a list or a map could pass for a value.
    const value = typeof input === "object" ? undefined : read(String(input));
    return value ?? place.refuse(mismatch(expected, input));
  };
}

/** Glob patterns, one at least. */
export const patterns: Schema<string[]> = list(text("a pattern", (pattern) => pattern !== ""), {
  what: "a list of patterns",
  min: [1, "Expected at least one pattern"],
});

/** Reads a list or a map as a file gives it, or its JSON as the environment gives it. */
export function jsonOf<T>(what: string, schema: Schema<T>, empty?: T): Schema<T> {
  return (input, place) => {
    if (typeof input !== "string") return schema(input, place);
    if (input === "" && empty !== undefined) return empty;
    let value: unknown;
    try {
      value = JSON.parse(input);
    } catch {
      return place.refuse(mismatch(`${what} in JSON`, input));
    }
    return schema(value, place);
  };
}
