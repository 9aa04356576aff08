import type { Log } from "./log/mod.ts";
import { notifySockets } from "./start/mod.ts";

/** Milliseconds between two checks of the readiness. */
const INTERVAL_MS = 100;

/**
 * Sends `READY=1` to the service manager that waits for this process (sd_notify(3)), once the registry is ready. The
 * manager ends a process that takes too long, and starts another one.
 */
export async function notifyWhenReady(
  ready: () => Promise<boolean>,
  log: Log,
  environment: Record<string, string> = Deno.env.toObject(),
): Promise<void> {
  const sockets = notifySockets(environment);
  if (sockets === undefined) {
    log.warn(
      "Cannot notify the service manager: set RuntimeDirectory in the unit, and no abstract NOTIFY_SOCKET",
    );
    return;
  }
  while (!(await ready())) await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  try {
    await send("READY=1", sockets);
  } catch (error) {
    log.error(
      "Cannot notify the service manager: `skerry config permissions` prints the options it takes",
      error,
    );
  }
}

async function send(state: string, { manager, own }: { manager: string; own: string }): Promise<void> {
  // A killed process leaves its socket behind.
  await Deno.remove(own).catch(() => {});
  const socket = Deno.listenDatagram({ transport: "unixpacket", path: own });
  try {
    await socket.send(new TextEncoder().encode(state), { transport: "unixpacket", path: manager });
  } finally {
    socket.close();
    await Deno.remove(own).catch(() => {});
  }
}
