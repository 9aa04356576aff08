/**
 * Entry point of a worker: a process that serves a part of the registry for a supervisor, which is its parent.
 *
 * @module
 */
import process from "node:process";
import { fail, logFor, type Serving, startServing } from "../mod.ts";
import {
  ALIVE_INTERVAL_MS,
  COUNT_INTERVAL_MS,
  type FromWorker,
  type OthersState,
  type ToWorker,
} from "./messages.ts";
import { wholeLines } from "./whole_lines.ts";

let serving: Serving | undefined;
let others: OthersState = { respond: true, warnings: [] };

function send(message: FromWorker): void {
  // The channel closes when the supervisor ends, and this process with it.
  if (process.connected) process.send!(message);
}

function start({ config, share, runsUpkeep }: ToWorker & { kind: "start" }): Serving {
  const log = logFor(config, wholeLines(Deno.stdout));
  const serving = startServing(config, log, {
    share,
    runsUpkeep,
    othersRespond: () => others.respond,
    warningsOfOthers: () => others.warnings,
    opened: () => send({ kind: "opened" }),
  });
  send({ kind: "listening", url: serving.url });
  const { opener } = serving;
  setInterval(() => {
    send({ kind: "alive", warnings: opener.opened?.warnings() ?? [] });
  }, ALIVE_INTERVAL_MS);
  if (config.auth !== undefined && config.auth.limits.requestsPerMinute > 0) {
    setInterval(() => {
      const counts = opener.opened?.access?.rates.drain() ?? [];
      if (counts.length > 0) send({ kind: "admitted", counts });
    }, COUNT_INTERVAL_MS);
  }
  return serving;
}

function receive(message: ToWorker): void {
  if (message.kind === "start") serving = start(message);
  else if (message.kind === "others") others = message;
  else if (message.kind === "admitted") serving?.opener.opened?.access?.rates.add(message.counts);
  else serving?.stop(message.signal);
}

process.on("message", (message: ToWorker) => {
  try {
    receive(message);
  } catch (error) {
    fail(error);
  }
});
// Without a supervisor this process would keep the port, and nothing would replace or stop it.
process.on("disconnect", () => Deno.exit(1));
