/**
 * `deno task cluster`: a cluster on this machine, for a first look: replicas behind a balancer, over a light S3 server and
 * a DynamoDB server. It needs only Deno. See docs/clustering.md.
 *
 * @module
 */
import { stopWithNpx } from "../../process/start/mod.ts";
import { startCluster } from "./cluster.ts";
import { guideOf } from "./guide.ts";
import { HELP, parseOptions } from "./options.ts";

/** Aborted when a signal, or the end of `npx`, asks for the end. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = () => controller.abort();
  const signals: Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT", "SIGBREAK"]
    : ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  stopWithNpx(stop);
  return controller.signal;
}

async function main(): Promise<number> {
  const options = parseOptions(Deno.args);
  if (options === undefined) {
    console.log(HELP);
    return 0;
  }
  const stop = stopSignal();
  const start = performance.now();
  console.log("Starting the cluster...");
  await using cluster = await startCluster(options, print, stop);
  console.log(guideOf(cluster, (performance.now() - start) / 1000, options.data !== undefined));
  const stopped = new Promise((resolve) => stop.addEventListener("abort", resolve));
  await Promise.race([stopped, cluster.stores.status]);
  console.log(stop.aborted ? "Stopping" : `The stores ended (see ${cluster.stores.logFile}): stopping`);
  return stop.aborted ? 0 : 1;
}

function print(line: string): void {
  console.log(`${new Date().toTimeString().slice(0, 8)} ${line}`);
}

try {
  Deno.exit(await main());
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(1);
}
