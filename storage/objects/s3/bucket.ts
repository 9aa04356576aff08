import type { S3Client } from "@aws-sdk/client-s3";
import type { Clock } from "../../aws/mod.ts";
import { retrying } from "../../retry.ts";
import { isObjectKey } from "../key.ts";
import { isTransient, S3Error, toPortError } from "./errors.ts";
import type { ResolvedS3Options } from "./options.ts";

/** Bucket of a store: names, retries, and the client of the AWS SDK for rare requests. */
export class Bucket {
  readonly #options: ResolvedS3Options;
  readonly #clock: Clock;
  readonly #makeClient: () => Promise<S3Client>;
  #client: Promise<S3Client> | undefined;

  /** The bucket of `options`. `clock` is the clock of its signatures. */
  constructor(options: ResolvedS3Options, clock: Clock, makeClient: () => Promise<S3Client>) {
    this.#options = options;
    this.#clock = clock;
    this.#makeClient = makeClient;
  }

  /** Client of the AWS SDK, which is loaded with the first call. */
  client(): Promise<S3Client> {
    return this.#client ??= this.#makeClient();
  }

  /** The key in the bucket. */
  fullKey(key: string): string {
    return this.#options.prefix + key;
  }

  /** Object key of a key in the bucket; `undefined` for a key that is not Skerry's. */
  keyOf(fullKey: string): string | undefined {
    const key = fullKey.slice(this.#options.prefix.length);
    return isObjectKey(key) ? key : undefined;
  }

  /** The bucket's own name. */
  get name(): string {
    return this.#options.bucket;
  }

  /** Makes a call that may be made twice, until its deadline. `what` is done to `key`: "read", "store". */
  async call<T>(
    what: string,
    key: string,
    call: (signal: AbortSignal) => Promise<T>,
    attemptTimeout = this.#options.attemptTimeout,
  ): Promise<T> {
    const { deadline } = this.#options;
    let signedAt = this.#clock.now();
    try {
      return await retrying((signal) => {
        signedAt = this.#clock.now();
        return call(signal);
      }, {
        store: "objects",
        what: `${what} "${key}"`,
        isTransient: (error) => isTransient(error) || this.#hadWrongClock(error, signedAt),
        attemptTimeout,
        deadline,
      });
    } catch (error) {
      throw toPortError(error, key);
    }
  }

  #hadWrongClock(error: unknown, signedAt: Date): boolean {
    return error instanceof S3Error && this.#clock.correct(error.headers, signedAt);
  }
}
