/** Measures one side once. */
export type Measure = () => Promise<number>;

/**
 * Measures every side once in each round, so that whatever else the machine does meanwhile meets all of them. Each round
 * begins with another side. A first round, which warms everything up, is not counted.
 */
export async function interleave<Side extends string>(
  rounds: number,
  sides: Record<Side, Measure>,
): Promise<Record<Side, number[]>> {
  const names = Object.keys(sides) as Side[];
  const samples = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Side, number[]>;
  for (let round = 0; round <= rounds; round++) {
    for (const i of names.keys()) {
      const name = names[(round + i) % names.length]!;
      const value = await sides[name]();
      if (round > 0) samples[name].push(value);
    }
  }
  return samples;
}

/** Rounds of which the largest sample counts, if one takes up to half a minute: more of them hardly change it. */
export function fewRounds(rounds: number): number {
  return Math.min(rounds, 2);
}

/** A side for each name. */
export function sides<Side extends string>(
  names: readonly Side[],
  measure: (name: Side) => Measure,
): Record<Side, Measure> {
  return Object.fromEntries(names.map((name) => [name, measure(name)])) as Record<Side, Measure>;
}

/** The quotient of each round. */
export function ratios(dividends: readonly number[], divisors: readonly number[]): number[] {
  if (dividends.length !== divisors.length) {
    throw new RangeError("Cannot compare different numbers of rounds");
  }
  return dividends.map((dividend, round) => dividend / divisors[round]!);
}
