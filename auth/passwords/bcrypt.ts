import { unavailable } from "../../oci/mod.ts";
import { withTimeout } from "../../storage/ports.ts";
import type { VerifyOptions } from "./password_source.ts";
import { tooManyLogins } from "../limits/mod.ts";

/** A password, and the bcrypt hash that it is compared with. */
export interface PasswordCheck {
  /** At most {@linkcode MAX_PASSWORD_BYTES} bytes. */
  password: string;
  /** In the form of {@linkcode isBcryptHash}. */
  hash: string;
}

/** Maximum bytes of a password. bcrypt ignores all further bytes, so a longer password would match with any ending. */
export const MAX_PASSWORD_BYTES = 72;

/** Maximum cost of a hash. It takes about a second of one core; a higher cost would block other logins. */
const MAX_COST = 14;

const HASH = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/** True if `text` is a usable bcrypt hash: of a version without a known flaw, and of an acceptable cost. */
export function isBcryptHash(text: string): boolean {
  const cost = Number(HASH.exec(text)?.[1]);
  return cost >= 4 && cost <= MAX_COST;
}

/** Cost of a hash: each increment doubles the work. */
export function costOf(hash: string): number {
  return Number(hash.slice(4, 6));
}

/** True if `text` can be a password. RFC 7617 §2 excludes control characters. */
export function isPassword(text: string): boolean {
  return text !== "" && text.length <= MAX_PASSWORD_BYTES && !/\p{Cc}/u.test(text) &&
    new TextEncoder().encode(text).byteLength <= MAX_PASSWORD_BYTES;
}

/** Compares passwords with hashes, one at a time. */
export interface Engine {
  /** True if the password matches the hash. Rejects if the engine has failed. */
  check(job: PasswordCheck): Promise<boolean>;
  /** Releases the engine's resources. Running checks may never complete. */
  end(): void;
}

/** Options of {@linkcode BcryptQueue}; times are in milliseconds. */
export interface BcryptQueueOptions {
  /** Time after which an idle thread ends. */
  idle?: number;
  /** Creates the engine when there is a password to check. */
  start?: () => Engine;
}

/** Maximum work of each of the two queues, in rounds of bcrypt: about eight seconds of one core. */
const MAX_WORK_ROUNDS = 2 ** 17;

/** `Retry-After` of a login that finds its queue full, in milliseconds. */
const RETRY_MS = 5000;

type Job = PasswordCheck & {
  work: number;
  queue: Queue;
  resolve: (matches: boolean) => void;
  reject: (error: unknown) => void;
};

/** Passwords that wait, and their work in rounds of bcrypt. */
interface Queue {
  jobs: Job[];
  work: number;
}

/**
 * Checks passwords in another thread, because a check takes as long as a hundred requests. The thread starts when it is
 * needed, ends after some time without a login, and is replaced after a crash.
 *
 * Networks that have logged in before have their own queue, and the two queues take turns. So a flood of logins from
 * many new addresses at most doubles the wait of a known client.
 */
export class BcryptQueue {
  readonly #idle: number;
  readonly #start: () => Engine;
  readonly #known: Queue = { jobs: [], work: 0 };
  readonly #unknown: Queue = { jobs: [], work: 0 };
  /** The queue whose turn it is. */
  #next = this.#known;
  #engine: Engine | undefined;
  #running = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Starts without a thread. */
  constructor({ idle = 30_000, start = startEngine }: BcryptQueueOptions = {}) {
    this.#idle = idle;
    this.#start = start;
  }

  /**
   * True if the password matches the hash.
   *
   * @throws {RegistryError} 429 if too many checks are waiting, 503 if the thread has crashed.
   */
  check({ password, hash }: PasswordCheck, { isKnownNetwork = false }: VerifyOptions = {}): Promise<boolean> {
    const queue = isKnownNetwork ? this.#known : this.#unknown;
    const work = 2 ** costOf(hash);
    if (queue.work > 0 && queue.work + work > MAX_WORK_ROUNDS) return Promise.reject(tooManyLogins(RETRY_MS));
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    queue.work += work;
    queue.jobs.push({ password, hash, work, queue, resolve, reject });
    if (!this.#running) this.#run();
    return promise;
  }

  /** Ends the thread. Waiting logins are answered with 503; the next password starts another thread. */
  close(): void {
    for (const queue of [this.#known, this.#unknown]) {
      for (const job of queue.jobs.splice(0)) {
        queue.work -= job.work;
        job.reject(unavailable("The registry is shutting down"));
      }
    }
    this.#stopEngine();
  }

  /** Removes the next password: from the queue whose turn it is, or from the other one if that is empty. */
  #takeNext(): Job | undefined {
    const other = this.#next === this.#known ? this.#unknown : this.#known;
    const job = this.#next.jobs.shift() ?? other.jobs.shift();
    this.#next = job?.queue === this.#known ? this.#unknown : this.#known;
    return job;
  }

  async #run(): Promise<void> {
    this.#running = true;
    clearTimeout(this.#timer);
    for (let job; (job = this.#takeNext()) !== undefined;) {
      const engine = this.#engine ??= this.#start();
      try {
        job.resolve(await engine.check(job));
      } catch (cause) {
        if (this.#engine === engine) this.#stopEngine();
        job.reject(unavailable("Cannot verify the password", { cause }));
      }
      job.queue.work -= job.work;
    }
    this.#running = false;
    if (this.#engine === undefined) return;
    this.#timer = setTimeout(() => this.#stopEngine(), this.#idle);
    Deno.unrefTimer(this.#timer);
  }

  #stopEngine(): void {
    clearTimeout(this.#timer);
    this.#engine?.end();
    this.#engine = undefined;
  }
}

/** Engine with a thread of its own, if the platform has threads. Deno Deploy did not always have them. */
export function startEngine(): Engine {
  return typeof Worker === "undefined" ? inThisThread() : inWorker();
}

/** Answer of the thread to a password check. */
export type ThreadAnswer = boolean | { error: string };

/** Milliseconds after which a thread that does not answer is considered dead. */
const THREAD_TIMEOUT_MS = 60_000;

function inWorker(): Engine {
  const worker = new Worker(new URL("bcrypt_worker.ts", import.meta.url), { type: "module" });
  let death: Error | undefined;
  let fail: (error: Error) => void = () => {};
  const die = (reason: string) => {
    death = new Error(reason);
    fail(death);
    return death;
  };
  worker.onerror = (event) => {
    event.preventDefault(); // An unhandled error event would end the process.
    die(`The bcrypt thread crashed: ${event.message}`);
  };
  return {
    async check({ password, hash }) {
      if (death !== undefined) throw death;
      const { promise, resolve, reject } = Promise.withResolvers<boolean>();
      fail = reject;
      worker.onmessage = ({ data }: MessageEvent<ThreadAnswer>) =>
        typeof data === "boolean" ? resolve(data) : die(`The bcrypt thread failed: ${data.error}`);
      worker.postMessage({ password, hash });
      return await withTimeout(promise, THREAD_TIMEOUT_MS, () => {
        throw die("The bcrypt thread does not answer");
      });
    },
    end() {
      worker.terminate();
      die("The bcrypt thread was stopped");
    },
  };
}

/** Engine without a worker. Each check blocks all requests of the process until its hash is computed. */
export function inThisThread(): Engine {
  return {
    async check({ password, hash }) {
      const { bcryptVerify } =
        // @ts-types="hash-wasm"
        await import("hash-wasm/dist/index.esm.js");
      await new Promise((resolve) => setTimeout(resolve));
      return await bcryptVerify({ password, hash });
    },
    end() {},
  };
}
