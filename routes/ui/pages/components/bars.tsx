import type { LayerKind } from "./instruction.ts";

/** Part of a bar that is drawn to scale. */
export interface Part {
  /** Share of the bar, in any unit. */
  size: number;
  /** Class for its colour. */
  kind: LayerKind | "good" | "bad";
  /** Tooltip. */
  title?: string;
}

/** Width of a bar in units of its drawing. */
const WIDTH = 1000;

/**
 * Bar whose parts have the width of their share. It is drawn with attributes of SVG, because the page's policy permits
 * no style in an element.
 */
export function Bar({ parts, label }: { parts: Part[]; label: string }) {
  const whole = parts.reduce((sum, { size }) => sum + size, 0);
  let x = 0;
  return (
    <svg class="bar" viewBox={`0 0 ${WIDTH} 9`} preserveAspectRatio="none" role="img" aria-label={label}>
      {parts.map(({ size, kind, title }) => {
        const start = x;
        x += whole === 0 ? 0 : (size / whole) * WIDTH;
        return (
          <path class={kind} d={`M${round(start)} 0H${round(x)}V9H${round(start)}`}>
            {title && <title>{title}</title>}
          </path>
        );
      })}
    </svg>
  );
}

/** Thin bar that shows a share from 0 to 1. The number beside it says the same, so it is hidden from screen readers. */
export function ShareBar({ share, kind }: { share: number; kind: LayerKind }) {
  return (
    <svg class="bar thin" viewBox="0 0 99 1" preserveAspectRatio="none" aria-hidden="true">
      <path class={kind} d={`M0 0H${round(share * 99)}V1H0`} />
    </svg>
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Legend of a bar of layers. */
export function LayerLegend() {
  return (
    <ul class="key">
      <li>
        <i class="base"></i>base or unknown
      </li>
      <li>
        <i class="copy"></i>COPY, ADD
      </li>
      <li>
        <i class="run"></i>RUN
      </li>
    </ul>
  );
}
