import type { Answer } from "./answer.ts";
import type { Handler } from "./handler.ts";

/** `/livez`: the process answers. */
export function getLiveness(): Handler<"live"> {
  return function getLiveness() {
    return healthAnswer(true);
  };
}

/** `/readyz`: what the registry stands on answers too. */
export function getReadiness(ready: () => Promise<boolean>): Handler<"ready"> {
  return async function getReadiness() {
    return healthAnswer(await isReady(ready));
  };
}

/** `/startupz`: it has once been ready. An outage that comes later is no reason to start the process anew. */
export function getStartup(ready: () => Promise<boolean>): Handler<"startup"> {
  let started = false;
  return async function getStartup() {
    started ||= await isReady(ready);
    return healthAnswer(started);
  };
}

/** Not being able to tell is not being ready. */
async function isReady(ready: () => Promise<boolean>): Promise<boolean> {
  try {
    return await ready();
  } catch {
    return false;
  }
}

function healthAnswer(healthy: boolean): Answer {
  const body = new TextEncoder().encode(healthy ? "ok\n" : "unavailable\n");
  return {
    status: healthy ? 200 : 503,
    headers: {
      "Content-Type": "text/plain; charset=utf-8",
      "Cache-Control": "no-store",
    },
    body,
  };
}
