import type { Bucket } from "./bucket.ts";
import type { Quirks } from "./quirks.ts";
import { S3Error } from "./s3_error.ts";

/** A request whose signature and body are in order. */
export interface Call {
  readonly headers: Headers;
  readonly query: URLSearchParams;
  readonly bucketName: string;
  readonly bucket: Bucket;
  readonly key: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly quirks: Quirks;
  /** Bytes of the smallest part but the last one. */
  readonly minPartSize: number;
}

/** Does what is asked and answers; throws an {@linkcode S3Error} where that is not to be. */
export type Handler = (call: Call) => Response;

/** An answer with a document. */
export function xmlResponse(xml: string): Response {
  return new Response(xml, { headers: { "content-type": "application/xml" } });
}

/** Entries of a page, from the query parameter of that name; at most a thousand. */
export function pageSize(query: URLSearchParams, name: string): number {
  const value = query.get(name) ?? "1000";
  if (!/^\d{1,9}$/.test(value)) throw new S3Error("InvalidArgument", `${name} must be a whole number`);
  return Math.min(Number(value), 1000);
}

/** Refuses to store anything while the disk is full. */
export function needRoom(quirks: Quirks): void {
  if (quirks.storageFull) throw new S3Error("XMinioStorageFull", "Storage backend has no room left");
}

/** Refuses to overwrite what the request says must not be there, or must be another. */
export function checkConditions(call: Call): void {
  if (call.quirks.ignoresConditions) return;
  const etag = call.bucket.objects.get(call.key)?.etag;
  const [match, noneMatch] = [call.headers.get("if-match"), call.headers.get("if-none-match")];
  if (noneMatch !== null && noneMatch !== "*") {
    throw new S3Error("NotImplemented", "If-None-Match takes only * on a write");
  }
  if (match !== null && etag === undefined) {
    throw new S3Error("NoSuchKey", "The specified key does not exist.");
  }
  if ((match !== null && match !== etag) || (noneMatch !== null && etag !== undefined)) {
    throw new S3Error("PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
  }
}
