import type { TracedRequest } from "./observer.ts";

/** Values of an attribute. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** Maker of spans. */
export interface Tracing {
  /** Runs an operation in a span of its own if a span is active. */
  around<T>(name: string, attributes: Attributes, run: () => Promise<T>): Promise<T>;
  /** Adds an event to the active span, if there is one. */
  event(name: string, attributes: Attributes): void;
  /** Adds the facts of a request to its span, which is the active one. `route` is the template of its path. */
  describe(request: TracedRequest, route: string): void;
}
