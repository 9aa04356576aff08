import { identify, type Mistake } from "./mistake.ts";
import { OPERATORS } from "./operators.ts";
import { type Node, pathOf, placesOf } from "./syntax.ts";

/** Every mistake that can be made in a source, each change once, in the order of the source. */
export function mistakesIn(file: string, source: string): Mistake[] {
  const text = ({ start, end }: Node) => source.slice(start, end);
  const found = new Map<string, Omit<Mistake, "id">>();
  for (const place of placesOf(source)) {
    for (const operator of OPERATORS) {
      for (const { kind, node, last = node, now } of operator(place, text)) {
        const { start } = node;
        const { end } = last;
        const mistake = { kind, start, end, was: source.slice(start, end), now };
        const line = source.slice(0, start).split("\n").length;
        found.set(`${start} ${end} ${now}`, { file, line, within: pathOf(place), ...mistake });
      }
    }
  }
  return identify([...found.values()].sort((a, b) => a.start - b.start || a.end - b.end));
}
