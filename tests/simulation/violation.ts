/** Thrown where something is not as it must be. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** Throws where something is not as it must be. */
export function must(condition: boolean, text: string): asserts condition {
  if (!condition) throw new Violation(text);
}
