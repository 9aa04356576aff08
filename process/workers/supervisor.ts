import { fileURLToPath } from "node:url";
import { type Config, FILE_VARIABLE, StartError } from "../../config/mod.ts";
import type { Log } from "../log/mod.ts";
import { startOptions } from "../start/mod.ts";
import type { Prepared } from "../reload/mod.ts";
import { reloadOnChange } from "../reloading.ts";
import { announce, cannotListen, logFor } from "../startup.ts";
import { requestLimitOf } from "../stop_limits.ts";
import { onStopSignal } from "../stop_signal.ts";
import { ALIVE_INTERVAL_MS, type ChangeAnswer, type FromWorker, type OthersState } from "./messages.ts";
import { wholeLines } from "./whole_lines.ts";
import { WorkerChanges } from "./worker_changes.ts";
import { WorkerMetrics } from "./worker_metrics.ts";
import { WorkerSlot } from "./worker_slot.ts";

const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));

/** Milliseconds from the end of a graceful stop until workers are killed: each ends by itself before that. */
const STOP_MARGIN_MS = 1500;

/** Workers that serve the registry. */
export interface Supervision {
  /** Exit code, when all workers have ended. */
  readonly ended: Promise<number>;
  /** True while every worker has the registry open and responds. */
  isReady(): boolean;
  /** Stops all workers gracefully. */
  stop(): void;
}

/**
 * Starts the configured number of workers, replaces those that end or hang, and stops them on a signal. `root` is the
 * folder of the code; `denoOptions` are further options of `deno run`.
 *
 * @throws {StartError} if this process may not start workers, or the port is taken.
 */
export function superviseWorkers(config: Config, root: string, denoOptions: string[] = []): Supervision {
  assertCanStart(config);
  const options = startOptions(config, root, Deno.env.get(FILE_VARIABLE));
  const args = ["run", "--no-prompt", "--unstable-net", ...denoOptions, ...options, WORKER];
  const supervisor = new Supervisor({ ...config, port: freePort(config) }, args);
  const stop = onStopSignal((signal) => supervisor.stop(signal), () => supervisor.end());
  reloadOnChange({ config, log: supervisor.log, prepare: (next) => supervisor.prepare(next), stop });
  return {
    ended: supervisor.ended,
    isReady: () => supervisor.isReady,
    stop: () => supervisor.stop("SIGTERM"),
  };
}

function assertCanStart({ workers }: Config): void {
  const hint = "set SKERRY_WORKERS=1";
  if (Deno.build.os !== "linux") {
    const reason = "only Linux distributes the connections of a port over processes";
    throw new StartError(`Cannot start ${workers} workers: ${reason} (${hint})`);
  }
  const command = Deno.execPath();
  if (Deno.permissions.querySync({ name: "run", command }).state !== "granted") {
    const reason = "the process may not run Deno";
    throw new StartError(
      `Cannot start ${workers} workers: ${reason} (add --allow-run=${command}, or ${hint})`,
    );
  }
}

/**
 * The port to listen on. Checks that it is free: workers listen with `SO_REUSEPORT`, so those of two registries would
 * share a port without an error.
 */
function freePort(config: Config): number {
  try {
    using listener = Deno.listen({ port: config.port, hostname: config.host });
    return listener.addr.port;
  } catch (error) {
    throw cannotListen(config, error as Error);
  }
}

/** Starts, watches, replaces and stops workers. Serves no request itself, so that nothing a client sends can stop it. */
class Supervisor {
  readonly ended: Promise<number>;
  readonly log: Log;
  #config: Config;
  readonly #args: string[];
  readonly #changes: WorkerChanges;
  readonly #metrics: WorkerMetrics;
  readonly #slots: readonly WorkerSlot[];
  readonly #end: (code: number) => void;
  /** Last state of the others that each worker was sent, as JSON. */
  readonly #sent = new Map<WorkerSlot, string>();
  #url = "";
  /** True once the first worker has opened the registry. */
  #hasOpened = false;
  #isStopping = false;

  constructor(config: Config, args: string[]) {
    this.#config = config;
    this.#args = args;
    this.log = logFor(config, wholeLines(Deno.stdout));
    const { promise, resolve } = Promise.withResolvers<number>();
    this.ended = promise;
    this.#end = resolve;
    this.#slots = Array.from({ length: config.workers }, (_, index) => {
      const slot: WorkerSlot = new WorkerSlot(index + 1, {
        received: (message) => this.#receive(slot, message),
        ended: (end) => this.#replace(slot, end),
      });
      return slot;
    });
    this.#changes = new WorkerChanges(this.#slots);
    this.#metrics = new WorkerMetrics(this.#slots);
    // The others follow when the first one has opened the registry: until then the reason of a failure would be printed
    // by all of them.
    this.#start(this.#slots[0]!);
    setInterval(() => this.#watch(), ALIVE_INTERVAL_MS);
  }

  get isReady(): boolean {
    return this.#slots.every(({ isOpen, isResponding }) => isOpen && isResponding);
  }

  stop(signal: Deno.Signal): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.log.info("Shutting down", { signal });
    for (const slot of this.#slots) slot.send({ kind: "stop", signal });
    const drain = signal === "SIGTERM" ? this.#config.drain : 0;
    const limit = drain + requestLimitOf(this.#config, signal) + STOP_MARGIN_MS;
    setTimeout(() => this.#slots.forEach((slot) => slot.kill()), limit);
    this.#endIfStopped(0);
  }

  /**
   * Prepares a change of the configuration in all workers.
   *
   * @throws {StartError} if it is impossible.
   */
  async prepare(config: Config): Promise<Prepared> {
    const { port } = this.#config;
    await this.#changes.prepare({ ...config, port });
    return {
      commit: async () => {
        this.#config = { ...config, port };
        await this.#changes.commit();
      },
      discard: () => this.#changes.discard(),
    };
  }

  /** Ends all workers at once. */
  end(): void {
    for (const slot of this.#slots) slot.kill();
    this.#end(1);
  }

  #start(slot: WorkerSlot): void {
    const { workers } = this.#config;
    // Background work runs once: two passes would only do the same work twice.
    const runsUpkeep = slot === this.#slots[0];
    slot.start(this.#args, { kind: "start", config: this.#config, share: 1 / workers, runsUpkeep });
  }

  #receive(slot: WorkerSlot, message: FromWorker): void {
    if (message.kind === "admitted") {
      for (const other of this.#slots) if (other !== slot && other.isOpen) other.send(message);
      return;
    }
    if (message.kind === "collect") return this.#metrics.collect(slot, message.id);
    if (message.kind === "measured") return this.#metrics.receive(slot, message);
    if (isAnswer(message)) return this.#changes.receive(slot, message);
    if (message.kind === "listening" && this.#url === "") {
      this.#url = message.url;
      announce(message.url, this.#config, this.log);
    }
    if (message.kind === "opened" && !this.#hasOpened && !this.#isStopping) {
      this.#hasOpened = true;
      for (const slot of this.#slots.slice(1)) this.#start(slot);
    }
    this.#report();
  }

  #watch(): void {
    for (const slot of this.#slots) {
      if (!slot.countMissed()) continue;
      this.log.warn("Worker did not respond and was killed: another one starts", { worker: slot.number });
    }
    this.#report();
  }

  #replace(slot: WorkerSlot, { code, signal }: { code: number | null; signal: string | null }): void {
    this.#sent.delete(slot);
    this.#changes.forget(slot);
    this.#metrics.forget(slot);
    if (this.#isStopping) return this.#endIfStopped(0);
    // It has printed the reason.
    if (!this.#hasOpened) return void this.#endWith(code ?? 1);
    const delay = slot.nextDelay();
    const end = signal === null ? { code: code ?? 1 } : { signal };
    this.log.warn("Worker ended: another one starts", {
      worker: slot.number,
      ...end,
      seconds: delay / 1000,
    });
    this.#report();
    setTimeout(() => {
      if (!this.#isStopping) this.#start(slot);
    }, delay);
  }

  /** Tells each worker the state of the others, if it has changed. */
  #report(): void {
    for (const slot of this.#slots) {
      if (!slot.isOpen) continue;
      const others = this.#slots.filter((other) => other !== slot);
      const state: OthersState = {
        respond: others.every(({ isResponding }) => isResponding),
        warnings: others.flatMap(({ warnings }) => warnings),
      };
      const text = JSON.stringify(state);
      if (this.#sent.get(slot) === text) continue;
      this.#sent.set(slot, text);
      slot.send({ kind: "others", ...state });
    }
  }

  #endIfStopped(code: number): void {
    if (!this.#slots.some(({ isRunning }) => isRunning)) this.#endWith(code);
  }

  async #endWith(code: number): Promise<void> {
    await this.log.flush();
    this.#end(code);
  }
}

function isAnswer(message: FromWorker): message is ChangeAnswer {
  return message.kind === "prepared" || message.kind === "committed" || message.kind === "refused";
}
