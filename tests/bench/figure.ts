/** Target of a figure. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** One line of the table. */
export interface Figure {
  /** A measured figure. */
  readonly name: string;
  /** One value for each round: ratios, or MiB where `unit` says so. */
  readonly samples: readonly number[];
  /** `x` for ratios. */
  readonly unit: "x" | "MiB";
  /** Which of the samples counts: the one in the middle, or the largest where the target is a bound. */
  readonly counts: "median" | "largest";
  /** Absent where the figure only informs. */
  readonly target?: Target;
  /** The figures that the ratio is of, with their units. */
  readonly detail: string;
}

/** The value in the middle; the mean of the two in the middle where their number is even. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("Cannot take the median of nothing");
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The value that so large a part of all is smaller than. */
export function percentile(values: readonly number[], part: number): number {
  const value = values.toSorted((a, b) => a - b)[Math.floor(values.length * part)];
  if (value === undefined) throw new RangeError("Cannot take a percentile of nothing");
  return value;
}

/** The value that the target is held against. */
export function valueOf({ samples, counts }: Figure): number {
  return counts === "median" ? median(samples) : Math.max(...samples);
}

/** True if the figure reaches its target; one without a target always does. */
export function passes(figure: Figure): boolean {
  if (figure.target === undefined) return true;
  const value = valueOf(figure);
  return "atLeast" in figure.target ? value >= figure.target.atLeast : value <= figure.target.atMost;
}

/** One line of the table: verdict, name, value, range of the samples, target, detail. */
export function line(figure: Figure): string {
  const { name, samples, unit, target, detail } = figure;
  const write = (value: number) => unit === "x" ? value.toFixed(2) : value.toFixed(0);
  const range = `${write(Math.min(...samples))}..${write(Math.max(...samples))}`;
  const verdict = target === undefined ? "info" : passes(figure) ? "pass" : "MISS";
  const wanted = target === undefined
    ? ""
    : "atLeast" in target
    ? `>= ${target.atLeast}`
    : `<= ${target.atMost}`;
  const value = `${write(valueOf(figure))} ${unit}`;
  return [
    verdict,
    name.padEnd(52),
    value.padStart(9),
    `(${range}, n=${samples.length})`.padEnd(22),
    wanted.padEnd(7),
    detail,
  ].join("  ").trimEnd();
}
