import type { Answer } from "./http/mod.ts";
import type { Handler } from "./handler.ts";

/** `/livez`: the process answers. */
export function getLiveness(): Handler<"live"> {
  return function getLiveness() {
    return healthAnswer(true);
  };
}

/** `/readyz`: readiness probe, which checks the storage too. A warning does not make the process unready. */
export function getReadiness(
  ready: () => Promise<boolean>,
  warnings: () => Promise<string[]> = () => Promise.resolve([]),
): Handler<"ready"> {
  return async function getReadiness() {
    return await isReady(ready) ? healthAnswer(true, await warnings()) : healthAnswer(false);
  };
}

/** `/startupz`: succeeds once the process has been ready. A later outage is no reason to restart the process. */
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

function healthAnswer(healthy: boolean, warnings: string[] = []): Answer {
  const lines = [healthy ? "ok" : "unavailable", ...warnings.map((warning) => `warning: ${warning}`)];
  const body = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
  return {
    status: healthy ? 200 : 503,
    headers: {
      "Content-Type": "text/plain; charset=utf-8",
      "Cache-Control": "no-store",
    },
    body,
  };
}
