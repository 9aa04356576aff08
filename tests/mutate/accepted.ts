import type { Mistake } from "./mistake.ts";

/** A mistake that no test has to notice. */
export interface Accepted {
  /** The mistake's id. */
  readonly id: string;
  /** For a reader: where it was and what it changes. */
  readonly file: string;
  readonly change: string;
  /** Why no test has to notice it. */
  readonly reason: string;
}

const LIST = new URL("accepted.json", import.meta.url);

/** The accepted mistakes, by id. */
export async function readAccepted(): Promise<Map<string, Accepted>> {
  const list: Accepted[] = JSON.parse(await Deno.readTextFile(LIST));
  return new Map(list.map((accepted) => [accepted.id, accepted]));
}

/** Those that can't be made any more, since the code has changed: they may leave the list. */
export function obsoleteOf(accepted: ReadonlyMap<string, Accepted>, all: readonly Mistake[]): Accepted[] {
  const ids = new Set(all.map(({ id }) => id));
  return [...accepted.values()].filter(({ id }) => !ids.has(id));
}
