import { withTimeout } from "../../storage/ports.ts";

/** Options of {@linkcode createReadiness}. */
export interface ReadinessOptions {
  /** Checks the storage; rejects with the problem. */
  probe: () => Promise<void>;
  /** Called once when the storage stops answering, and once with `undefined` when it answers again. */
  changed: (error: unknown) => void;
  /** Timeout of a probe, in milliseconds. */
  limit?: number;
  /** Milliseconds for which a result is cached for all callers. */
  age?: number;
  /** The present, in milliseconds. */
  now?: () => number;
}

/** Creates a readiness check: true if the storage works. All callers share one probe and its cached result. */
export function createReadiness(
  { probe, changed, limit = 2000, age = 1000, now = () => performance.now() }: ReadinessOptions,
): () => Promise<boolean> {
  const late = () => {
    throw new Error(`Storage did not answer within ${limit} ms`);
  };
  let asked = -Infinity;
  let answer = Promise.resolve(true);
  let ready = true;

  async function ask(): Promise<boolean> {
    const error = await withTimeout(probe(), limit, late).then(() => undefined, (error: unknown) => error);
    const wasReady = ready;
    ready = error === undefined;
    if (ready !== wasReady) changed(error);
    asked = now();
    return ready;
  }

  let pending = false;
  return () => {
    if (!pending && now() - asked >= age) {
      pending = true;
      answer = ask().finally(() => pending = false);
    }
    return answer;
  };
}
