import type { Fate } from "./plan.ts";
import type { Traffic } from "./wire.ts";

/** Orders to a proxy in its own process, one line of JSON each; it answers each with a {@linkcode Report}. */
export interface Order {
  readonly rate?: number;
  readonly down?: boolean;
  readonly cut?: true;
  /** Without conditions, which do not go through a pipe. */
  readonly script?: readonly Fate[];
}

/** State of the proxy, at the start and after each order, one line of JSON. */
export interface Report {
  readonly url: string;
  readonly seed: number;
  readonly counts: Readonly<Record<Fate, number>>;
  readonly traffic: Readonly<Traffic>;
  readonly stepsLeft: number;
}

/** Lines of text as they come. */
export async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
