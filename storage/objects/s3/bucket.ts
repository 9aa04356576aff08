import type { S3Client } from "@aws-sdk/client-s3";
import { retrying } from "../../retry.ts";
import { isObjectKey } from "../key.ts";
import { isTransient, toPortError } from "./errors.ts";
import type { ResolvedS3Options } from "./options.ts";

/** The bucket that a store is in: its names for things, and how it is asked. */
export class Bucket {
  /** For all that is not bytes. */
  readonly client: S3Client;
  readonly #options: ResolvedS3Options;

  /** The bucket of `options`. */
  constructor(client: S3Client, options: ResolvedS3Options) {
    this.client = client;
    this.#options = options;
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

  /** Bucket and key of the object, for a command. */
  at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.name, Key: this.fullKey(key) };
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
    try {
      return await retrying(call, { what: `${what} "${key}"`, isTransient, attemptTimeout, deadline });
    } catch (error) {
      throw toPortError(error, key);
    }
  }
}
