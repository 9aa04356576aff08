import type { EventItem } from "../items/mod.ts";
import type { EventRules } from "./event_rules.ts";

/** Intent that a change of this process has left. */
export interface Intent {
  /** Its item. */
  readonly item: EventItem;
  /** Its time in milliseconds since the epoch. */
  readonly time: number;
  /** True once this process knows that the change was made. */
  isMade: boolean;
}

/** Intents that changes leave. A change puts them before it takes effect. */
export interface Events {
  /** Events that receivers ask for. */
  readonly rules: EventRules;
  /** Called with the intents of changes that are over: made, or never to be made. */
  readonly settled: (intents: Intent[]) => void;
  /** Intents of the change that is under way, if its end will be known. */
  readonly left?: Intent[];
}
