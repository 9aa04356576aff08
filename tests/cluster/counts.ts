/** Numbers of events, by their names. */
export class Counts {
  readonly #counts = new Map<string, number>();

  /** It has happened once more, or so many times. */
  add(name: string, times = 1): void {
    this.#counts.set(name, this.of(name) + times);
  }

  /** Number of times that it has happened. */
  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Sum of the counts whose name matches. */
  total(matches: (name: string) => boolean): number {
    return [...this.#counts].reduce((sum, [name, count]) => matches(name) ? sum + count : sum, 0);
  }

  /** A line for each, in the order of the names. */
  toString(): string {
    const lines = [...this.#counts].map(([name, count]) => `  ${String(count).padStart(7)}  ${name}`);
    return lines.toSorted((a, b) => a.slice(11) < b.slice(11) ? -1 : 1).join("\n");
  }
}
