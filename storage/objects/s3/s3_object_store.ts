import { createHash } from "node:crypto";
import { Clock, credentialsFor, type CredentialSource } from "../../aws/mod.ts";
import { checkKey, checkPrefix } from "../key.ts";
import type { S3Client } from "@aws-sdk/client-s3";
import type { ByteRange, ObjectStore, Part, ReadUrl, StoredObject } from "../object_store.ts";
import { UnknownPartsError } from "../../errors.ts";
import { checkPart, checkRange, sizeOfParts } from "../parts.ts";
import { Bucket } from "./bucket.ts";
import { plainBucketUrl } from "./bucket_url.ts";
import { ClientUrls, type UrlSigner } from "./client_urls.ts";
import { complete, completionOf } from "./completion.ts";
import { codeAndStatus, toPortError } from "./errors.ts";
import { type ResolvedS3Options, resolveOptions, type S3Options } from "./options.ts";
import { ReadRequests } from "./read_requests.ts";
import { Requests } from "./requests.ts";
import { Signer } from "./signer.ts";
import { streamOnce } from "./stream_upload.ts";
import { download, upload } from "./transfers.ts";

/**
 * Objects in a bucket of S3.
 *
 * Requests are signed here. Lists and deletions of several objects use the AWS SDK, which is loaded with the first of
 * them. A call is one request, and a failed request may be repeated: a key is written once, with one content.
 */
export class S3ObjectStore implements ObjectStore {
  readonly partSize: number;
  readonly putStream?: NonNullable<ObjectStore["putStream"]>;
  readonly url: ReadUrl;
  readonly #options: ResolvedS3Options;
  readonly #bucket: Bucket;
  readonly #signer: Signer;
  readonly #reads: ReadRequests;
  readonly #requests: Requests;

  private constructor(
    options: ResolvedS3Options,
    bucket: Bucket,
    { signer, clientSigner, clock }: { signer: Signer; clientSigner: UrlSigner; clock: Clock },
  ) {
    this.partSize = options.partSize;
    this.#options = options;
    this.#bucket = bucket;
    this.#signer = signer;
    const now = () => clock.now().getTime();
    this.#reads = new ReadRequests(signer, now);
    const urls = new ClientUrls(clientSigner, { lifetime: options.urlLifetime, now });
    this.url = async (key) => {
      checkKey(key);
      return await urls.of(bucket.fullKey(key));
    };
    this.#requests = new Requests(bucket, signer);
    if (options.verifiesContent) {
      this.putStream = (key, body, content) => this.#putStream(key, body, content);
    }
  }

  /**
   * Opens the store of a bucket. Sends no request, so a process can start before the store answers. The default
   * credentials are those that the AWS SDK would find.
   *
   * @throws {RangeError} for invalid options.
   */
  static async open(
    options: S3Options,
    credentials: CredentialSource = credentialsFor(options.region),
  ): Promise<S3ObjectStore> {
    const resolved = resolveOptions(options);
    const clock = new Clock();
    const clientAt = async (located: ResolvedS3Options) =>
      (await importSdk()).makeClient(located, credentials);
    const bucket = new Bucket(resolved, clock, () => clientAt(resolved));
    const signerFor = async (located: ResolvedS3Options, client: () => Promise<S3Client>) => {
      const url = await plainBucketUrl(located) ??
        await (await importSdk()).bucketUrl(await client(), located.bucket);
      return new Signer({ region: located.region, credentials, url, clock });
    };
    const signer = await signerFor(resolved, () => bucket.client());
    const { publicEndpoint: endpoint, cloudFrontKey } = resolved;
    let clientSigner: UrlSigner = signer;
    if (endpoint !== undefined && cloudFrontKey !== undefined) {
      clientSigner = new (await importCloudFront()).CloudFrontSigner(endpoint, cloudFrontKey);
    } else if (endpoint !== undefined) {
      clientSigner = await signerFor({ ...resolved, endpoint }, () => clientAt({ ...resolved, endpoint }));
    }
    return new S3ObjectStore(resolved, bucket, { signer, clientSigner, clock });
  }

  async get(key: string, range?: ByteRange): Promise<StoredObject | undefined> {
    checkKey(key);
    if (range) checkRange(range, Infinity);
    const full = this.#bucket.fullKey(key);
    return await this.#bucket.call(
      "read",
      key,
      (signal) => this.#reads.read(full, (request) => download(request, { key, range, signal })),
    );
  }

  async size(key: string): Promise<number | undefined> {
    checkKey(key);
    return await this.#bucket.call("find", key, (signal) => this.#requests.size(key, signal));
  }

  async put(key: string, bytes: Uint8Array<ArrayBuffer>, sha256?: string): Promise<void> {
    checkKey(key);
    // An attempt that broke off may reach the store after the successful one. Some stores do not check the announced
    // length (Versity's gateway), but stores that verify the hash then reject the truncated body. For a part in the
    // same situation the ETag reveals it at completion, so parts need no hash.
    const hash = sha256 ?? createHash("sha256").update(bytes).digest("hex");
    await this.#upload(key, {}, bytes, hash);
  }

  async #putStream(
    key: string,
    body: ReadableStream<Uint8Array<ArrayBuffer>>,
    { size, sha256 }: { size: number; sha256: string },
  ): Promise<void> {
    checkKey(key);
    const request = await this.#bucket.call(
      "sign",
      key,
      () => this.#signer.write(this.#bucket.fullKey(key), {}, { sha256 }),
    );
    try {
      await streamOnce(request, { key, body, size }, this.#options.deadline);
    } catch (error) {
      throw toPortError(error, key);
    }
  }

  async startParts(key: string): Promise<string> {
    checkKey(key);
    // A retry may start a second upload. The sweep finds uploads that no item names.
    return await this.#bucket.call("begin", key, (signal) => this.#requests.startParts(key, signal));
  }

  async putPart(
    key: string,
    partsId: string,
    number: number,
    bytes: Uint8Array<ArrayBuffer>,
  ): Promise<Part> {
    checkKey(key);
    checkPart(number, bytes, this.partSize);
    try {
      const etag = await this.#upload(key, { partNumber: `${number}`, uploadId: partsId }, bytes);
      return { number, size: bytes.length, etag };
    } catch (error) {
      if (codeAndStatus(error).code !== "NoSuchUpload") throw error;
      throw new UnknownPartsError(key, partsId, error);
    }
  }

  async completeParts(key: string, partsId: string, parts: Part[]): Promise<void> {
    checkKey(key);
    const size = sizeOfParts(parts, this.partSize);
    const body = completionOf(parts);
    const content = { method: "POST", sha256: createHash("sha256").update(body).digest("hex") } as const;
    // AWS may take minutes for many parts, so the first attempt has all the time there is.
    const { deadline } = this.#options;
    try {
      await this.#bucket.call(
        "complete",
        key,
        async (signal) => {
          const full = this.#bucket.fullKey(key);
          const request = await this.#signer.write(full, { uploadId: partsId }, content);
          await complete(request, { key, body, signal });
        },
        deadline,
      );
    } catch (error) {
      if (codeAndStatus(error).code !== "NoSuchUpload") throw error;
      // Complete already, or never begun: a lost answer and an aborted upload look the same from here.
      if (await this.size(key) !== size) throw new UnknownPartsError(key, partsId);
    }
  }

  async abortParts(key: string, partsId: string): Promise<void> {
    checkKey(key);
    try {
      await this.#bucket.call(
        "abort",
        key,
        (signal) => this.#requests.abortParts(key, partsId, signal),
      );
    } catch (error) {
      if (codeAndStatus(error).code !== "NoSuchUpload") throw error;
    }
  }

  async delete(keys: string[]): Promise<void> {
    keys.forEach(checkKey);
    const [only] = keys;
    if (only === undefined) return;
    if (keys.length > 1) return await (await importSdk()).deleteObjects(this.#bucket, keys);
    await this.#bucket.call("delete", only, (signal) => this.#requests.delete(only, signal));
  }

  async list(prefix: string, options: { after?: string; limit: number }): Promise<string[]> {
    checkPrefix(prefix);
    return await (await importSdk()).listObjects(this.#bucket, prefix, options);
  }

  async listParts(prefix: string, limit: number): Promise<{ key: string; partsId: string }[]> {
    checkPrefix(prefix);
    return await (await importSdk()).listUploads(this.#bucket, prefix, limit);
  }

  async #upload(
    key: string,
    query: Record<string, string>,
    body: Uint8Array<ArrayBuffer>,
    sha256?: string,
  ): Promise<string> {
    const content = sha256 === undefined ? {} : { sha256 };
    return await this.#bucket.call("store", key, async (signal) => {
      const request = await this.#signer.write(this.#bucket.fullKey(key), query, content);
      return await upload(request, { key, body, signal });
    });
  }
}

// By a computed name: Deno loads the modules of literal imports before the first line runs.
const importSdk = (): Promise<typeof import("./sdk.ts")> => import(new URL("./sdk.ts", import.meta.url).href);
const importCloudFront = (): Promise<typeof import("./cloudfront_signer.ts")> =>
  import(new URL("./cloudfront_signer.ts", import.meta.url).href);
