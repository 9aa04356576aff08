/** Thrown for a violated invariant. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** Asserts an invariant. */
export function must(condition: boolean, text: string): asserts condition {
  if (!condition) throw new Violation(text);
}
