import * as z from "zod/mini";
import type { Kind } from "./setting_kinds.ts";

// A schema is used once, and compiling it takes longer than that.
z.config({ jitless: true });

/** Message with the expected and the actual value. */
export function mismatch(what: string, input: unknown): string {
  const text = JSON.stringify(input) ?? "nothing";
  return `Expected ${what}, got ${text.length > 80 ? `${text.slice(0, 80)}...` : text}`;
}

/** Error option of a zod check, with the message of {@linkcode mismatch}. */
export function expected(what: string): { error: (issue: { input?: unknown }) => string } {
  return { error: ({ input }) => mismatch(what, input) };
}

/** A value of this kind as the environment (always text) or a file (text, a number, true or false) gives it. */
export function ofKind<T>({ read, expected }: Pick<Kind<T>, "read" | "expected">): z.ZodMiniType<T, unknown> {
  return z.pipe(
    z.unknown(),
    z.transform((input, context): T => {
      // The text of a list or a map could pass for a value.
      const value = typeof input === "object" ? undefined : read(String(input));
      if (value !== undefined) return value;
      context.issues.push({ code: "custom", message: mismatch(expected, input), input });
      return z.NEVER;
    }),
  );
}

/** Glob patterns, one at least. */
export const patterns: z.ZodMiniType<string[], unknown> = z.array(
  z.string(expected("a pattern")).check(z.minLength(1, "Expected a pattern, got none")),
  expected("a list of patterns"),
).check(z.minLength(1, "Expected at least one pattern"));

/** Reads a list or a map as a file gives it, or its JSON as the environment gives it. */
export function jsonOf<T>(
  what: string,
  value: z.ZodMiniType<T, unknown>,
  empty?: T,
): z.ZodMiniType<T, unknown> {
  return z.pipe(
    z.pipe(
      z.unknown(),
      z.transform((input, context): unknown => {
        if (typeof input !== "string") return input;
        if (input === "" && empty !== undefined) return empty;
        try {
          return JSON.parse(input);
        } catch {
          context.issues.push({ code: "custom", message: mismatch(`${what} in JSON`, input), input });
          return z.NEVER;
        }
      }),
    ),
    value,
  );
}
