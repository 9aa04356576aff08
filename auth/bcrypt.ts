import { unavailable } from "../oci/errors.ts";

/** A password, and the bcrypt hash that it is compared with. */
export interface PasswordCheck {
  /** At most {@linkcode LONGEST_PASSWORD} bytes. */
  password: string;
  /** In the form of {@linkcode isBcryptHash}. */
  hash: string;
}

/** Bytes of the longest password: bcrypt does not look at what comes after them, so that it could be anything. */
export const LONGEST_PASSWORD = 72;

/** The highest cost that is taken, some second of one core: what stands in a file may not stop the registry. */
export const HIGHEST_COST = 14;

const HASH = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/** Whether the text is a bcrypt hash that can be used: of the versions without a flaw, and of a cost that can be borne. */
export function isBcryptHash(text: string): boolean {
  const cost = Number(HASH.exec(text)?.[1]);
  return cost >= 4 && cost <= HIGHEST_COST;
}

/** The cost of a hash: each one more is twice the work. */
export function costOf(hash: string): number {
  return Number(hash.slice(4, 6));
}

/** Whether it can be somebody's password; RFC 7617 §2 allows no control characters in it. */
export function isPassword(text: string): boolean {
  return text !== "" && text.length <= LONGEST_PASSWORD && !/\p{Cc}/u.test(text) &&
    new TextEncoder().encode(text).byteLength <= LONGEST_PASSWORD;
}

/** Compares passwords with hashes, one at a time. */
export interface Engine {
  /** Whether the password is the one that was hashed. Fails where the engine is of no use any more. */
  check(job: PasswordCheck): Promise<boolean>;
  /** Lets go of what it holds; what is under way need not settle. */
  end(): void;
}

/** What {@linkcode BcryptQueue} takes; times are in milliseconds. */
export interface BcryptQueueOptions {
  /** How long a thread waits for the next password. */
  idle?: number;
  /** Makes an engine, when there is something to do. */
  start?: () => Engine;
}

/** What may wait, in rounds of bcrypt: some eight seconds of one core. */
const MOST_WORK = 2 ** 17;

/** Seconds after which somebody for whom there was no room may come again. */
const RETRY = 5;

type Job = PasswordCheck & {
  work: number;
  resolve: (matches: boolean) => void;
  reject: (error: unknown) => void;
};

/**
 * Compares passwords with their hashes in another thread, since each takes as long as a hundred requests. The thread is
 * started when it is needed, ends when nobody has logged in for a while, and is replaced when it dies.
 */
export class BcryptQueue {
  readonly #idle: number;
  readonly #start: () => Engine;
  #waiting: Job[] = [];
  #work = 0;
  #engine: Engine | undefined;
  #running = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** A queue without a thread. */
  constructor({ idle = 30_000, start = startEngine }: BcryptQueueOptions = {}) {
    this.#idle = idle;
    this.#start = start;
  }

  /**
   * Whether the password is the one that was hashed.
   *
   * @throws {RegistryError} 503 where too many are waiting, or the thread has died over it.
   */
  check({ password, hash }: PasswordCheck): Promise<boolean> {
    const work = 2 ** costOf(hash);
    if (this.#work > 0 && this.#work + work > MOST_WORK) {
      return Promise.reject(unavailable("Too many logins are waiting", { seconds: RETRY }));
    }
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    this.#work += work;
    this.#waiting.push({ password, hash, work, resolve, reject });
    if (!this.#running) this.#run();
    return promise;
  }

  /** Ends the thread. Whoever is waiting is told to come again; the next password starts another one. */
  close(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const job of waiting) {
      this.#work -= job.work;
      job.reject(unavailable("The registry is stopping"));
    }
    this.#rest();
  }

  async #run(): Promise<void> {
    this.#running = true;
    clearTimeout(this.#timer);
    for (let job; (job = this.#waiting.shift()) !== undefined;) {
      const engine = this.#engine ??= this.#start();
      try {
        job.resolve(await engine.check(job));
      } catch (cause) {
        if (this.#engine === engine) this.#rest();
        job.reject(unavailable("The password could not be checked", { cause }));
      }
      this.#work -= job.work;
    }
    this.#running = false;
    if (this.#engine === undefined) return;
    this.#timer = setTimeout(() => this.#rest(), this.#idle);
    Deno.unrefTimer(this.#timer);
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#engine?.end();
    this.#engine = undefined;
  }
}

/** A thread of its own, where there are threads: Deno Deploy has been without them. */
export function startEngine(): Engine {
  return typeof Worker === "undefined" ? inThread() : inWorker();
}

/** What the thread answers to each password. */
export type ThreadAnswer = boolean | { error: string };

/** Milliseconds after which a thread that says nothing counts as dead. */
const DEADLINE = 60_000;

function inWorker(): Engine {
  const worker = new Worker(new URL("bcrypt_worker.ts", import.meta.url), { type: "module" });
  let death: Error | undefined;
  let fail: (error: Error) => void = () => {};
  const die = (reason: string) => {
    death = new Error(reason);
    fail(death);
  };
  worker.onerror = (event) => {
    event.preventDefault(); // it would end the process
    die(`The thread has died: ${event.message}`);
  };
  return {
    async check({ password, hash }) {
      if (death !== undefined) throw death;
      const { promise, resolve, reject } = Promise.withResolvers<boolean>();
      fail = reject;
      worker.onmessage = ({ data }: MessageEvent<ThreadAnswer>) =>
        typeof data === "boolean" ? resolve(data) : die(`The thread has failed: ${data.error}`);
      worker.postMessage({ password, hash });
      const timer = setTimeout(() => die("The thread does not answer"), DEADLINE);
      return await promise.finally(() => clearTimeout(timer));
    },
    end() {
      worker.terminate();
      die("The thread was ended");
    },
  };
}

/** Holds up everything else for one hash at a time. */
export function inThread(): Engine {
  return {
    async check({ password, hash }) {
      const { bcryptVerify } = await import("hash-wasm");
      await new Promise((resolve) => setTimeout(resolve));
      return await bcryptVerify({ password, hash });
    },
    end() {},
  };
}
