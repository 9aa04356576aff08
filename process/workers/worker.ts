/**
 * Entry point of a worker: a process that serves a part of the registry for a supervisor, which is its parent.
 *
 * @module
 */
import process from "node:process";
import type { Config } from "../../config/mod.ts";
import { fail, logFor, type Serving, startServing } from "../mod.ts";
import type { Prepared } from "../reload/mod.ts";
import {
  ALIVE_INTERVAL_MS,
  COUNT_INTERVAL_MS,
  type FromWorker,
  type OthersState,
  type ToWorker,
} from "./messages.ts";
import { Collections } from "./collections.ts";
import { wholeLines } from "./whole_lines.ts";

let serving: Serving | undefined;
let prepared: Prepared | undefined;
let others: OthersState = { respond: true, warnings: [] };

const collections = new Collections();

/**
 * Sends a message to the supervisor, or ends this process if the supervisor has ended. Deno reports the end of a channel
 * whose other side was closed with unread messages only here, as an error.
 */
function send(message: FromWorker): void {
  if (process.connected) process.send!(message, undefined, undefined, (error) => error && Deno.exit(1));
}

async function start({ config, share, runsUpkeep }: ToWorker & { kind: "start" }): Promise<Serving> {
  const log = logFor(config, wholeLines(Deno.stdout));
  const serving = await startServing(config, log, {
    share,
    runsUpkeep,
    othersRespond: () => others.respond,
    warningsOfOthers: () => others.warnings,
    opened: () => send({ kind: "opened" }),
    // The first one also serves the metrics.
    servesMetrics: runsUpkeep,
    metricsOfOthers: () => collections.ask((id) => send({ kind: "collect", id })),
  });
  send({ kind: "listening", url: serving.url });
  const { opener } = serving;
  setInterval(() => {
    send({ kind: "alive", warnings: opener.opened?.warnings() ?? [] });
  }, ALIVE_INTERVAL_MS);
  if (config.auth !== undefined) {
    setInterval(() => {
      const counts = opener.opened?.served.access?.rates.drain() ?? [];
      if (counts.length > 0) send({ kind: "admitted", counts });
    }, COUNT_INTERVAL_MS);
  }
  return serving;
}

async function prepare(config: Config): Promise<void> {
  try {
    prepared = await serving!.prepare(config);
    send({ kind: "prepared" });
  } catch (error) {
    send({ kind: "refused", problem: (error as Error).message });
  }
}

function measure(id: number): void {
  const snapshot = serving?.telemetry?.snapshot?.() ?? [];
  send({ kind: "measured", id, snapshot });
}

function commit(): void {
  prepared?.commit();
  prepared = undefined;
  send({ kind: "committed" });
}

async function receive(message: ToWorker): Promise<void> {
  if (message.kind === "start") serving = await start(message);
  else if (message.kind === "others") others = message;
  else if (message.kind === "prepare") prepare(message.config);
  else if (message.kind === "commit") commit();
  else if (message.kind === "discard") prepared = undefined;
  else if (message.kind === "measure") measure(message.id);
  else if (message.kind === "collected") collections.settle(message);
  else if (message.kind === "admitted") serving?.opener.opened?.served.access?.rates.add(message.counts);
  else serving?.stop(message.signal);
}

// The supervisor reloads. The signal may be sent to all processes of the group.
Deno.addSignalListener("SIGHUP", () => {});
// In the order of their arrival: the start takes a while.
let received = Promise.resolve();
process.on("message", (message: ToWorker) => {
  received = received.then(() => receive(message)).catch(fail);
});
// Without a supervisor this process would keep the port, and nothing would replace or stop it.
process.on("disconnect", () => Deno.exit(1));
