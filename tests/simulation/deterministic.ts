import { seeded } from "../random.ts";

/**
 * Runs a function with random values only from the seed, and without real time: timers never fire, and the next turn of
 * the event loop is that of the microtask queue. Nothing else may run in the process meanwhile.
 */
export async function deterministic<T>(seed: number, run: () => Promise<T>): Promise<T> {
  const below = seeded(seed);
  const { getRandomValues } = crypto;
  const { setImmediate, setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
  const { random } = Math;
  crypto.getRandomValues = <A extends ArrayBufferView | null>(array: A): A => {
    const bytes = array as unknown as Uint8Array;
    for (let i = 0; i < bytes.length; i++) bytes[i] = below(256);
    return array;
  };
  Math.random = () => below(1 << 30) / (1 << 30);
  const never = (() => 0) as unknown;
  Object.assign(globalThis, {
    setImmediate: queueMicrotask,
    setTimeout: never,
    setInterval: never,
    clearTimeout: never,
    clearInterval: never,
  });
  try {
    return await run();
  } finally {
    crypto.getRandomValues = getRandomValues;
    Math.random = random;
    Object.assign(globalThis, { setImmediate, setTimeout, setInterval, clearTimeout, clearInterval });
  }
}
