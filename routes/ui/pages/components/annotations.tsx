import type { Child } from "hono/jsx";
import { Card, Pairs } from "./frame.tsx";
import { Plain } from "./values.tsx";

/** Most annotations, labels or variables that a page shows; the manifest and the config have the others. */
const MAX_PAIRS = 24;

/** Most of them that are not folded. */
const MAX_OPEN_PAIRS = 12;

/** Annotations or labels as a list; nothing without any. */
export function Annotations({ annotations, title }: { annotations: Record<string, string>; title: string }) {
  const all = Object.entries(annotations);
  if (all.length === 0) return null;
  return (
    <Card title={title}>
      <ManyPairs
        pairs={all.map((
          [name, value],
        ) => [<Plain text={name} max={100} />, <Plain text={value} max={160} />])}
      />
    </Card>
  );
}

/** Pairs of which the first are shown, some more are folded, and the rest is left out. */
export function ManyPairs({ pairs }: { pairs: [name: Child, value: Child][] }) {
  const folded = pairs.slice(MAX_OPEN_PAIRS, MAX_PAIRS);
  return (
    <>
      <Pairs pairs={pairs.slice(0, MAX_OPEN_PAIRS)} />
      {folded.length > 0 && (
        <details>
          <summary>{`${folded.length} more`}</summary>
          <Pairs pairs={folded} />
          {pairs.length > MAX_PAIRS && (
            <p class="muted small">{`and ${pairs.length - MAX_PAIRS} that are left out`}</p>
          )}
        </details>
      )}
    </>
  );
}
