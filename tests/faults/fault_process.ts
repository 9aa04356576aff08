import { fileURLToPath } from "node:url";
import { linesOf, type Order, type Report } from "./control.ts";
import type { FaultProxyOptions } from "./fault_proxy.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

/** Options of {@linkcode spawnFaultProxy}. */
export type FaultProcessOptions = Omit<FaultProxyOptions, "onRequest">;

/** A proxy that runs beside the test. Disposing of it ends the process. */
export interface FaultProcess extends AsyncDisposable {
  readonly url: string;
  readonly seed: number;
  readonly pid: number;
  /** Does what is ordered, nothing for an empty order, and tells how things are. */
  order(order: Order): Promise<Report>;
}

/** Starts a proxy as a process of its own, for loads that would starve the test. */
export async function spawnFaultProxy(options: FaultProcessOptions): Promise<FaultProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-net", MAIN, ...argumentsOf(options)],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = child.stdin.getWriter();
  const reports = reportsOf(linesOf(child.stdout));
  const first = await next(reports).catch(async (error) => {
    await input.close().catch(() => {}); // not read
    await child.status;
    throw error;
  });
  // Each order waits for its own report, since nothing in a report says which order it is for.
  let last: Promise<unknown> = Promise.resolve();

  async function give(order: Order): Promise<Report> {
    await input.write(new TextEncoder().encode(`${JSON.stringify(order)}\n`));
    return await next(reports);
  }

  return {
    url: first.url,
    seed: first.seed,
    pid: child.pid,
    order(order) {
      const report = last.then(() => give(order));
      last = report.catch(() => {});
      return report;
    },
    async [Symbol.asyncDispose]() {
      await last;
      await input.close();
      for await (const _ of reports);
      await child.status;
    },
  };
}

function argumentsOf({ upstream, port, rate, seed, faults, longestDelay }: FaultProcessOptions): string[] {
  const named = { upstream, port, rate, seed, faults: faults?.join(), "longest-delay": longestDelay };
  return Object.entries(named).flatMap(([name, value]) => value === undefined ? [] : [`--${name}=${value}`]);
}

/** Passes on to our own output what is no report: the seed. */
async function* reportsOf(lines: AsyncIterable<string>): AsyncGenerator<Report> {
  for await (const line of lines) {
    if (line.startsWith("{")) yield JSON.parse(line);
    else console.log(line);
  }
}

async function next(reports: AsyncGenerator<Report>): Promise<Report> {
  const { value, done } = await reports.next();
  if (done) throw new Error("The fault proxy ended");
  return value;
}
