import type { SubjectProcess } from "../harness/subjects.ts";
import { type FuzzRequest, serialize } from "./fuzz_request.ts";
import { isLax, judge } from "./judge.ts";
import { Closed, ProtocolError, RawConnection, type RawResponse } from "./raw_connection.ts";
import { SCRATCH, type World } from "./world.ts";

/** So many problems are enough. */
const MAX_PROBLEMS = 10;

/** Requests between two looks at the memory of the registry. */
const MEMORY_INTERVAL_MS = 500;

/** Repetitions of a request that is answered with 503. */
export interface Repetitions {
  /** Requests at most, with the first one. */
  readonly tries: number;
  /** Milliseconds between two of them. */
  readonly pause: number;
}

/**
 * A busy machine ends a 503 sooner than this, and bad input does not: storage that has not answered in time, or another
 * request that has been committing the same upload for long.
 */
const REPETITIONS: Repetitions = { tries: 60, pause: 1000 };

/** A connection, and the process at its other end. */
interface Connected {
  readonly raw: RawConnection;
  readonly process: SubjectProcess;
}

/** Sends requests over several connections and judges the answers. */
export class Fuzzer {
  /** Each with what is needed to have it again. */
  readonly problems: string[] = [];
  /** Number of answers with each status; 0 for closed connections. */
  readonly statuses: Record<number, number> = {};
  /** `X-Request-Id` of the answers. */
  readonly requestIds: string[] = [];
  /** Those of the answers that said 503 and were followed by another try. */
  readonly busyIds: string[] = [];
  /** The most that one of the processes had in memory, in bytes. */
  memory = 0;
  readonly #processes: readonly SubjectProcess[];
  readonly #make: (index: number) => FuzzRequest;
  readonly #world: World;
  readonly #repetitions: Repetitions;
  #opened = 0;

  /** For the processes of a registry with `world` in it, and what `make` makes of the numbers of requests. */
  constructor(
    processes: readonly SubjectProcess[],
    make: (index: number) => FuzzRequest,
    world: World,
    repetitions: Repetitions = REPETITIONS,
  ) {
    this.#repetitions = repetitions;
    this.#processes = processes;
    this.#make = make;
    this.#world = world;
  }

  /** Sends the requests from `first` to before `end`. */
  async run(first: number, end: number, connections: number): Promise<void> {
    let next = first;
    await Promise.all(Array.from({ length: connections }, async () => {
      let connection: Connected | undefined;
      while (next < end && this.problems.length < MAX_PROBLEMS) {
        const index = next++;
        if (index % MEMORY_INTERVAL_MS === 0) {
          for (const { pid } of this.#processes) {
            this.memory = Math.max(this.memory, await residentBytes(pid));
          }
        }
        connection = await this.#repeat(index, connection);
      }
      connection?.raw[Symbol.dispose]();
    }));
  }

  /** Sends one request until its answer is not 503. Answers the connection where it can be used again. */
  async #repeat(index: number, connection: Connected | undefined): Promise<Connected | undefined> {
    const { tries, pause } = this.#repetitions;
    for (let rest = tries - 1;; rest--) {
      const result = await this.#try(index, connection, rest > 0);
      if (result !== "busy") return result;
      connection = undefined;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** Sends one request once, over `connection` if there is one. Answers "busy" for a 503 that may be followed by another try. */
  async #try(
    index: number,
    connection: Connected | undefined,
    mayRepeat: boolean,
  ): Promise<Connected | undefined | "busy"> {
    const request = this.#make(index);
    // Each new connection is to the next process.
    const process = connection?.process ?? this.#processes[this.#opened++ % this.#processes.length]!;
    const bytes = serialize(request, process.host);
    const lax = isLax(request, bytes);
    // The last request may have been the last one of the connection without the server's saying so.
    for (const open of connection === undefined ? [undefined] : [connection.raw, undefined]) {
      const used = open ?? await RawConnection.open(process.port);
      try {
        const response = await used.exchange(bytes, request.method, { end: request.framing === "raw" });
        if (response.status === 503 && mayRepeat) {
          this.#note(index, request, bytes, response, undefined);
          used[Symbol.dispose]();
          return "busy";
        }
        this.#note(index, request, bytes, response, await judge(request, response, lax));
        if (response.keepAlive && !lax && request.framing !== "stalled") return { raw: used, process };
      } catch (error) {
        if (!(error instanceof Closed || error instanceof ProtocolError)) throw error;
        if (error instanceof Closed && error.early && open !== undefined) {
          used[Symbol.dispose]();
          continue;
        }
        const closed = error instanceof Closed && lax;
        this.#note(index, request, bytes, undefined, closed ? undefined : error.message);
      }
      used[Symbol.dispose]();
      return undefined;
    }
    return undefined;
  }

  #note(
    index: number,
    request: FuzzRequest,
    bytes: Uint8Array,
    response: RawResponse | undefined,
    problem: string | undefined,
  ): void {
    const status = response?.status ?? 0;
    this.statuses[status] = (this.statuses[status] ?? 0) + 1;
    const field = (name: string) => response?.fields.find((field) => field[0] === name)?.[1];
    const id = field("x-request-id");
    if (id !== undefined) this.requestIds.push(id);
    if (id !== undefined && status === 503 && problem === undefined) this.busyIds.push(id);
    const location = field("location") ?? "";
    if (status === 202 && location.startsWith(`/v2/${SCRATCH}/`)) this.#world.scratchUploads.push(location);
    if (problem === undefined) return;
    const sent = JSON.stringify(String.fromCharCode(...bytes.subarray(0, 1500)));
    this.problems.push(
      `Request ${index} (${request.framing}): ${problem}\n  ${sent} (${bytes.length} bytes)`,
    );
  }
}

/** Memory of a process, in bytes. */
async function residentBytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
