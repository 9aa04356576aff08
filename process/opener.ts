import { type Config, StartError } from "../config/mod.ts";
import { type Log, plainLines } from "./log/mod.ts";
import type { Snapshot } from "../telemetry/mod.ts";
import type { OpenRegistry, RegistryPart } from "./open/open_registry.ts";

// Not literal: Deno would read all its modules before the first line runs, which takes 15% of the CPU time of a start.
const importRegistry = (): Promise<typeof import("./open/open_registry.ts")> =>
  import(new URL("open/open_registry.ts", import.meta.url).href);

/** Part of the registry that one process serves. */
export interface Part extends RegistryPart {
  /** False while connections may reach a worker that does not respond. */
  othersRespond(): boolean;
  /** Warnings for the operator that other workers have. */
  warningsOfOthers(): string[];
  /** Called when the registry is open. */
  opened(): void;
  /** True if this process serves the metrics of all. */
  readonly servesMetrics: boolean;
  /** Metrics of the other workers. */
  metricsOfOthers(): Promise<Snapshot[]>;
}

/** Loads the code of the registry and opens it, once. The process answers liveness probes before that. */
export class Opener {
  readonly #config: Config;
  readonly #log: Log;
  readonly #part: Part;
  #opening: Promise<OpenRegistry> | undefined;
  #opened: OpenRegistry | undefined;

  /** Opens nothing yet. */
  constructor(config: Config, log: Log, part: Part) {
    this.#config = config;
    this.#log = log;
    this.#part = part;
  }

  /** Opens the registry, or returns the open one. The process ends if that is impossible. */
  open(): Promise<OpenRegistry> {
    return this.#opening ??= this.#open().catch(fail);
  }

  async #open(): Promise<OpenRegistry> {
    const { openRegistry } = await importRegistry();
    this.#opened = await openRegistry(this.#config, this.#log, this.#part);
    this.#part.opened();
    return this.#opened;
  }

  /** The registry, if it is open. */
  get opened(): OpenRegistry | undefined {
    return this.#opened;
  }

  /** Closes everything that was opened. */
  async close(): Promise<void> {
    await (await this.#opening)?.close();
  }
}

/** Prints why the process cannot continue; only a bug needs more than one line. */
export function fail(error: unknown): never {
  console.error(error instanceof StartError ? plainLines(error.message) : error);
  Deno.exit(1);
}
