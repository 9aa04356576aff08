import { type ChildProcess, spawn } from "node:child_process";
import type { FromWorker, ToWorker } from "./messages.ts";

/** Milliseconds until a worker that ended is replaced: it doubles with each end. */
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 30_000;

/** Milliseconds after which a worker counts as healthy: the next end is its first one again. */
const HEALTHY_MS = 60_000;

/** Signs of life that a worker may miss before it counts as unresponsive, and before it is killed. */
const MAX_MISSED = { suspect: 3, open: 10, opening: 60 } as const;

/** Events of a {@linkcode WorkerSlot}. */
export interface SlotEvents {
  /** A message of the worker, after the slot has read it. */
  received(message: FromWorker): void;
  /** The worker has ended. */
  ended(end: { code: number | null; signal: string | null }): void;
}

/** Place of one worker, with the processes that follow each other there. */
export class WorkerSlot {
  /** Number of the worker, from 1. */
  readonly number: number;
  readonly #events: SlotEvents;
  #child: ChildProcess | undefined;
  #isOpen = false;
  #startedAt = 0;
  #ends = 0;
  /** Signs of life that are missing in a row. */
  #missed = 0;
  #warnings: string[] = [];

  /** Starts no process yet. */
  constructor(number: number, events: SlotEvents) {
    this.number = number;
    this.#events = events;
  }

  /** True while a process runs. */
  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** True while the worker has the registry open. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** False while connections may reach the worker and it does not respond. */
  get isResponding(): boolean {
    return !this.#isOpen || this.#missed <= MAX_MISSED.suspect;
  }

  /** Warnings of the worker for the operator. */
  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** Starts a process with these arguments of Deno, and sends it the first message. */
  start(args: string[], message: ToWorker): void {
    this.#startedAt = performance.now();
    this.#missed = 0;
    const child = spawn(Deno.execPath(), args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#child = child;
    child.on("message", (received: FromWorker) => this.#receive(received));
    // An error to start or to send is followed by the end of the process, or by missing signs of life.
    child.on("error", () => {});
    child.once("exit", (code, signal) => this.#end({ code, signal }));
    this.send(message);
  }

  /** Sends a message, unless the process is about to end. */
  send(message: ToWorker): void {
    if (this.#child?.connected) this.#child.send(message);
  }

  /** Kills the process, if one runs. Not for a graceful stop: it closes the channel too. */
  kill(): void {
    this.#child?.kill("SIGKILL");
  }

  /**
   * Counts a missing sign of life, and kills the process after too many. True if it was killed. It is called at a steady
   * pace by a timer of this process, so a pause of the whole machine kills nothing.
   */
  countMissed(): boolean {
    if (this.#child === undefined) return false;
    if (++this.#missed <= (this.#isOpen ? MAX_MISSED.open : MAX_MISSED.opening)) return false;
    this.kill();
    return true;
  }

  /** Milliseconds to wait before the process that ended is replaced. */
  nextDelay(): number {
    if (performance.now() - this.#startedAt > HEALTHY_MS) this.#ends = 0;
    return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#ends++);
  }

  #receive(message: FromWorker): void {
    this.#missed = 0;
    if (message.kind === "opened") this.#isOpen = true;
    if (message.kind === "alive") this.#warnings = message.warnings;
    this.#events.received(message);
  }

  #end(end: { code: number | null; signal: string | null }): void {
    this.#child = undefined;
    this.#isOpen = false;
    this.#warnings = [];
    this.#events.ended(end);
  }
}
