import { fileURLToPath } from "node:url";
import { startOptions } from "../../process/start/mod.ts";
import type { Backend } from "./balancer.ts";
import { type Child, ROOT, startChild } from "./child.ts";

const MAIN = fileURLToPath(new URL("replica_main.ts", import.meta.url));

/** Milliseconds between two health checks. */
const CHECK_INTERVAL_MS = 1000;

/** Number of failed health checks, one after the other, of a replica that is not ready. */
const FAILED_CHECKS = 3;

/** Milliseconds between two health checks of a replica that starts. */
const START_INTERVAL_MS = 50;

/** Maximum milliseconds of a health check. */
const CHECK_LIMIT_MS = 3000;

/** State of a replica. */
export type ReplicaState = "starting" | "ready" | "not ready" | "ended";

/** Options of a {@linkcode Replica}. */
export interface ReplicaOptions {
  /** From 1 on. */
  readonly number: number;
  /** TCP port on the loopback interface. */
  readonly port: number;
  /** Settings and the rest of the environment. */
  readonly env: Readonly<Record<string, string>>;
  /** File for what the process writes. */
  readonly logFile: string;
  /** True if it is started again when it ends. */
  readonly restart: boolean;
  /** Called after each change of the state, with a description of it. */
  changed(reason: string): void;
}

/** A process of the registry. It has the same port after a restart. */
export class Replica implements Backend {
  /** From 1 on. */
  readonly number: number;
  /** TCP port on the loopback interface. */
  readonly port: number;
  /** File with what the process has written. */
  readonly logFile: string;
  readonly #options: ReplicaOptions;
  #child: Child | undefined;
  #state: ReplicaState = "starting";
  #failedChecks = 0;
  #stopping = false;

  /** Starts nothing yet. */
  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.number = options.number;
    this.port = options.port;
    this.logFile = options.logFile;
  }

  /** `http://host:port`, without a slash at the end. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Process id; another one after a restart. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** True if it has answered its last health checks. */
  get isReady(): boolean {
    return this.#state === "ready";
  }

  /** Last lines of its log. */
  get lastLines(): string {
    return this.#child?.lastLines() ?? "";
  }

  /** Starts the process and waits until it is ready or has ended. From then on its health is checked. */
  async start(stop?: AbortSignal): Promise<void> {
    this.#state = "starting"; // of which no other part has to know
    const { number, port, env, logFile } = this.#options;
    const permissions = startOptions({ storage: "aws", data: "" }, ROOT);
    const child = this.#child = await startChild(["--cached-only", ...permissions, MAIN], {
      ...env,
      HOST: "127.0.0.1",
      PORT: `${port}`,
    }, logFile);
    child.status.then(({ code, signal }) =>
      this.#ended(child, `replica ${number} ended (${signal ?? `exit code ${code}`})`)
    );
    while (this.#isCurrent(child) && this.#state === "starting" && !stop?.aborted) {
      await this.#check(child);
      await pause(START_INTERVAL_MS);
    }
    this.#watch(child);
  }

  /** Stops the process, and waits for its end. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#child?.stop();
  }

  async #watch(child: Child): Promise<void> {
    while (this.#isCurrent(child)) {
      await pause(CHECK_INTERVAL_MS);
      await this.#check(child);
    }
  }

  async #check(child: Child): Promise<void> {
    const failure = await failureOf(`${this.url}/readyz`);
    if (!this.#isCurrent(child)) return;
    if (failure === undefined) {
      this.#failedChecks = 0;
      this.#change("ready", `replica ${this.number} is ready`);
    } else if (this.#state === "ready" && ++this.#failedChecks >= FAILED_CHECKS) {
      this.#change("not ready", `replica ${this.number} is not ready (${failure})`);
    }
  }

  #ended(child: Child, reason: string): void {
    if (this.#stopping || !this.#isCurrent(child)) return;
    this.#change("ended", reason);
    if (this.#options.restart) setTimeout(() => this.#stopping || this.start(), CHECK_INTERVAL_MS);
  }

  #isCurrent(child: Child): boolean {
    return this.#child === child && this.#state !== "ended" && !this.#stopping;
  }

  #change(state: ReplicaState, reason: string): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.changed(reason);
  }
}

async function failureOf(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(CHECK_LIMIT_MS) });
    await response.body?.cancel();
    return response.ok ? undefined : `/readyz answers ${response.status}`;
  } catch {
    return "/readyz does not answer";
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
