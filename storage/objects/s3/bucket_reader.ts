import { Clock, credentialsFor, type CredentialSource } from "../../aws/mod.ts";
import type { ByteRange, StoredObject } from "../object_store.ts";
import { checkRange } from "../parts.ts";
import { Bucket } from "./bucket.ts";
import { plainBucketUrl } from "./bucket_url.ts";
import type { ListedName } from "./lists.ts";
import { resolveOptions, type S3Options } from "./options.ts";
import { ReadRequests } from "./read_requests.ts";
import { Requests } from "./requests.ts";
import { Signer } from "./signer.ts";
import { download } from "./transfers.ts";

export type { ListedName };

/** Keys that need no escaping in a URL or a signature, and that no proxy would normalize. */
const READABLE_KEY = /^(?!\/)(?!(?:.*\/)?\.{1,2}(?:\/|$))(?!.*\/\/)[A-Za-z0-9._\/-]+$/;

/** Read access to a bucket whose keys another program has chosen. Keys and folders are below the prefix. */
export class BucketReader {
  readonly #bucket: Bucket;
  readonly #reads: ReadRequests;
  readonly #requests: Requests;

  private constructor(bucket: Bucket, signer: Signer, clock: Clock) {
    this.#bucket = bucket;
    this.#reads = new ReadRequests(signer, () => clock.now().getTime());
    this.#requests = new Requests(bucket, signer);
  }

  /**
   * Opens a bucket. Sends no request. The default credentials are those that the AWS SDK would find.
   *
   * @throws {RangeError} for invalid options.
   */
  static async open(
    options: S3Options,
    credentials: CredentialSource = credentialsFor(options.region),
  ): Promise<BucketReader> {
    const resolved = resolveOptions(options);
    const clock = new Clock();
    const bucket = new Bucket(
      resolved,
      clock,
      async () => (await importSdk()).makeClient(resolved, credentials),
    );
    const url = await plainBucketUrl(resolved) ??
      await (await importSdk()).bucketUrl(await bucket.client(), resolved.bucket);
    return new BucketReader(bucket, new Signer({ region: resolved.region, credentials, url, clock }), clock);
  }

  /** Objects and folders directly in a folder, in the order of their bytes; `""` is the folder of the prefix. */
  async *list(folder: string): AsyncGenerator<ListedName> {
    yield* (await importSdk()).listFolder(this.#bucket, folder === "" ? "" : `${folder}/`);
  }

  /**
   * Object or a range of it; `undefined` if the key does not exist.
   *
   * @throws {RangeError} for a key that is not {@linkcode BucketReader.reads readable}.
   */
  async get(key: string, range?: ByteRange): Promise<StoredObject | undefined> {
    const full = this.#fullKey(key);
    if (range) checkRange(range, Infinity);
    return await this.#bucket.call(
      "read",
      key,
      (signal) => this.#reads.read(full, (request) => download(request, { key, range, signal })),
    );
  }

  /**
   * Size of the object in bytes; `undefined` if the key does not exist.
   *
   * @throws {RangeError} as {@linkcode get}.
   */
  async size(key: string): Promise<number | undefined> {
    this.#fullKey(key);
    return await this.#bucket.call("find", key, (signal) => this.#requests.size(key, signal));
  }

  /** True for a key that can be read: letters, digits, `.`, `_`, `-` and `/`, without empty segments and those of dots. */
  static reads(key: string): boolean {
    return READABLE_KEY.test(key);
  }

  #fullKey(key: string): string {
    if (BucketReader.reads(key)) return this.#bucket.fullKey(key);
    throw new RangeError(`Cannot read ${JSON.stringify(key)}: the key needs escaping`);
  }
}

// By a computed name, as in s3_object_store.ts.
const importSdk = (): Promise<typeof import("./sdk.ts")> => import(new URL("./sdk.ts", import.meta.url).href);
