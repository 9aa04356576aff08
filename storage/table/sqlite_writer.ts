import { resolve } from "node:path";
import { UnavailableError } from "../errors.ts";
import type { Outcome, Write } from "./sqlite_batch.ts";
import { THREAD_NAME, type ThreadAnswer, type ThreadRequest } from "./sqlite_thread.ts";

/** Milliseconds without a write after which the thread ends: it takes about 13 MiB. */
const IDLE_MS = 60_000;

/** A file, by its path and by the numbers that stay the same when it is renamed. */
interface DatabaseFile {
  path: string;
  dev: number | null;
  ino: number | null;
}

/** Settings of a {@linkcode SqliteWriter}. */
export interface SqliteWriterOptions {
  /** Milliseconds without a write after which the thread ends. */
  idle?: number;
}

/**
 * Commits batches of writes to a database in a thread, so that no request waits on the event loop for fsync. The thread
 * starts with the first batch and ends when it is idle.
 */
export class SqliteWriter {
  readonly #file: DatabaseFile;
  readonly #idle: number;
  #thread: Thread | undefined;
  #isClosed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  private constructor(file: DatabaseFile, idle: number) {
    this.#file = file;
    this.#idle = idle;
  }

  /** Writes to the database at `path`, which has its tables. Starts no thread yet. */
  static async of(path: string, { idle = IDLE_MS }: SqliteWriterOptions = {}): Promise<SqliteWriter> {
    return new SqliteWriter(await databaseFile(resolve(path)), idle);
  }

  /**
   * Commits the writes in one transaction and returns the outcome of each when they are durable. One call at a time.
   *
   * @throws {Error} with the fields of SQLite's error if nothing took effect.
   * @throws {UnavailableError} if the thread fails: the writes may or may not have taken effect.
   */
  async commit(writes: Write[]): Promise<Outcome[]> {
    const { path } = this.#file;
    if (this.#isClosed) throw new Error(`Cannot write to "${path}": it is closed`);
    clearTimeout(this.#timer);
    const thread = this.#thread ??= await this.#start();
    try {
      const answer = await thread.ask({ path, writes });
      if ("outcomes" in answer) return answer.outcomes;
      const { message, ...fields } = answer.error;
      throw Object.assign(new Error(message), fields);
    } catch (error) {
      if (error instanceof UnavailableError) this.#thread = undefined; // the next batch starts another
      throw error;
    } finally {
      const timer = setTimeout(() => this.#end(), this.#idle);
      Deno.unrefTimer(timer);
      this.#timer = timer;
    }
  }

  /** Ends the thread when it has closed its connection. Waits for no batch. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#end();
  }

  /** Starts a thread, unless it would open another file than the one that this process reads. */
  async #start(): Promise<Thread> {
    const { path, dev, ino } = this.#file;
    const found = await databaseFile(path);
    if (found.dev !== dev || found.ino !== ino) {
      throw new Error(`Cannot write to "${path}": the file was replaced while it was open`);
    }
    return new Thread();
  }

  async #end(): Promise<void> {
    clearTimeout(this.#timer);
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.end();
  }
}

async function databaseFile(path: string): Promise<DatabaseFile> {
  const { dev, ino } = await Deno.stat(path);
  return { path, dev, ino };
}

/** A thread that answers one message at a time. */
class Thread {
  readonly #worker = new Worker(new URL("sqlite_thread.ts", import.meta.url), {
    type: "module",
    name: THREAD_NAME,
  });
  #crash: UnavailableError | undefined;
  #asked: PromiseWithResolvers<ThreadAnswer> | undefined;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<ThreadAnswer>) => this.#asked?.resolve(data);
    this.#worker.onerror = (event) => {
      event.preventDefault(); // An unhandled error event would end the process.
      const cause = new Error(`The SQLite thread crashed: ${event.message}`);
      this.#crash = new UnavailableError("write to the table", cause);
      this.#asked?.reject(this.#crash);
    };
  }

  ask(request: ThreadRequest): Promise<ThreadAnswer> {
    if (this.#crash !== undefined) return Promise.reject(this.#crash);
    this.#asked = Promise.withResolvers();
    this.#worker.postMessage(request);
    return this.#asked.promise;
  }

  /** Ends the thread when it has closed its connection. */
  async end(): Promise<void> {
    await this.ask("end").catch(() => {});
    this.#worker.terminate();
  }
}
