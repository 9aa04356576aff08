/** A process of the simulation: it stops at each of its calls until it is its turn. */
export interface Process {
  readonly name: string;
}

/** Data that a call touches. */
export interface Footprint {
  /** The object store, or a partition of the table; `*` for all of them. */
  place: string;
  /** Key in it; every key with this prefix if it ends in `*`. */
  name: string;
  writes: boolean;
}

/** Data of a call that may come at any time. */
export const NOTHING: Footprint = { place: "", name: "", writes: false };

/** A call that waits for its turn. */
export interface Call {
  /** Equal in every run in which the process has made the same calls before. */
  readonly id: string;
  readonly process: Process;
  /** Line of the trace, made only if the run is traced. */
  readonly text: () => string;
  /** Data that it touches; nothing for a pause. */
  readonly footprint: Footprint | undefined;
  /** True if it goes to a store, and so may fail. */
  readonly isStorage: boolean;
  /** Time of the call, in milliseconds since the epoch. */
  readonly since: number;
  /** End of a pause. */
  readonly until?: number;
}

/** True if the order of two calls can make a difference. */
export function dependent(a: Call, b: Call): boolean {
  if (a.process.name === b.process.name) return true;
  if (a.footprint === undefined || b.footprint === undefined) return true; // time passes
  if (!a.footprint.writes && !b.footprint.writes) return false;
  return meets(a.footprint.place, b.footprint.place) && meets(a.footprint.name, b.footprint.name);
}

function meets(a: string, b: string): boolean {
  return a === b || (a.endsWith("*") && b.startsWith(a.slice(0, -1))) ||
    (b.endsWith("*") && a.startsWith(b.slice(0, -1)));
}
