import type { Part } from "../object_store.ts";
import { S3Error } from "./errors.ts";
import type { SignedRequest } from "../../aws/mod.ts";

/**
 * Body of the request that completes a multipart upload,
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html. Written out here: for many hundred
 * parts the AWS SDK takes as long to build it as the store takes for the request.
 */
export function completionOf(parts: readonly Part[]): string {
  const list = parts.map(({ number, etag }) =>
    `<Part><PartNumber>${number}</PartNumber><ETag>${escapeXml(etag)}</ETag></Part>`
  );
  const namespace = "http://s3.amazonaws.com/doc/2006-03-01/";
  return `<CompleteMultipartUpload xmlns="${namespace}">${list.join("")}</CompleteMultipartUpload>`;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/**
 * Completes a multipart upload. AWS sends status 200 and spaces before it knows the result, so only the body tells if the
 * upload is complete.
 *
 * @throws {S3Error} for every answer that does not confirm the object.
 */
export async function complete(
  { url, headers }: SignedRequest,
  { key, body, signal }: { key: string; body: string; signal: AbortSignal },
): Promise<void> {
  const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" });
  const text = await response.text();
  if (response.status === 200 && /<CompleteMultipartUploadResult[\s>]/.test(text)) return;
  throw S3Error.of("complete", key, response, text);
}
