import { createHash } from "node:crypto";
import { exchange } from "../../aws/mod.ts";
import type { Bucket } from "./bucket.ts";
import { codeAndStatus, S3Error } from "./errors.ts";
import type { Signer } from "./signer.ts";

/** SHA-256 of an empty body. */
const EMPTY = createHash("sha256").digest("hex");

/** Requests about objects that have no body. Each method makes one attempt. */
export class Requests {
  readonly #bucket: Bucket;
  readonly #signer: Signer;

  /** Requests for a bucket. */
  constructor(bucket: Bucket, signer: Signer) {
    this.#bucket = bucket;
    this.#signer = signer;
  }

  /** Size of an object in bytes; `undefined` if it does not exist. */
  async size(key: string, signal: AbortSignal): Promise<number | undefined> {
    const { status, headers } = await this.#send("HEAD", key, {}, {
      what: "find",
      signal,
      expected: [200, 404],
    });
    if (status === 404) return undefined;
    const length = /^\d+$/.exec(headers.get("content-length") ?? "");
    // `undefined` would mean that the object does not exist.
    if (length === null) {
      throw new Error(`Cannot find the size of "${key}": the store answers without Content-Length`);
    }
    return Number(length[0]);
  }

  /** Begins a multipart upload, https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html. */
  async startParts(key: string, signal: AbortSignal): Promise<string> {
    const { text } = await this.#send("POST", key, { uploads: "" }, {
      what: "begin",
      signal,
      expected: [200],
    });
    const id = unescapeXml(/<UploadId>([^<]*)<\/UploadId>/.exec(text)?.[1] ?? "");
    if (id === "") throw new Error(`Cannot begin "${key}": the store answers without an id`);
    return id;
  }

  /** Aborts a multipart upload, https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html. */
  async abortParts(key: string, uploadId: string, signal: AbortSignal): Promise<void> {
    await this.#send("DELETE", key, { uploadId }, { what: "abort", signal, expected: [204, 200] });
  }

  /** Deletes one object. An absent one is fine: S3 does not mention it, other stores do. */
  async delete(key: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#send("DELETE", key, {}, { what: "delete", signal, expected: [204, 200] });
    } catch (error) {
      if (codeAndStatus(error).code !== "NoSuchKey") throw error;
    }
  }

  async #send(
    method: "HEAD" | "POST" | "DELETE",
    key: string,
    query: Record<string, string>,
    { what, signal, expected }: { what: string; signal: AbortSignal; expected: number[] },
  ) {
    const request = await this.#signer.write(this.#bucket.fullKey(key), query, { method, sha256: EMPTY });
    // A compressed response would have another length.
    request.headers["accept-encoding"] = "identity";
    const reply = await exchange(request, { method, signal });
    if (!expected.includes(reply.status)) throw S3Error.of(what, key, reply, reply.text);
    return reply;
  }
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name) => ENTITIES[name]!);
}
