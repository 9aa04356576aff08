/**
 * Milliseconds in which a second signal counts as the first one: if the whole process group gets the signal, a parent
 * such as start.ts forwards it as well.
 */
const SIGNAL_ECHO_MS = 500;

/**
 * Calls `stop` on the first SIGINT (Deno Deploy, Ctrl+C) or SIGTERM, and `end` on each further one after
 * {@linkcode SIGNAL_ECHO_MS}. The function that it returns acts like a signal.
 */
export function onStopSignal(
  stop: (signal: Deno.Signal) => void,
  end: () => void,
): (signal: Deno.Signal) => void {
  let stoppingSince: number | undefined;
  const receive = (signal: Deno.Signal) => {
    if (stoppingSince === undefined) {
      stoppingSince = performance.now();
      stop(signal);
    } else if (performance.now() - stoppingSince > SIGNAL_ECHO_MS) end();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    if (signal === "SIGTERM" && Deno.build.os === "windows") continue;
    Deno.addSignalListener(signal, () => receive(signal));
  }
  return receive;
}
