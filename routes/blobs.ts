import { type ByteRange, byteranges, parseRange } from "../oci/mod.ts";
import type { BlobReader, Deleter, Reader } from "../registry/interface.ts";
import { type DeliveryOptions, redirection } from "./delivery.ts";
import {
  contentHeaders,
  evaluateRead,
  preconditionFailed,
  rangeApplies,
  redirectHeaders,
} from "./http/content.ts";
import { type Answer, NOT_STORED } from "./http/mod.ts";
import type { Handler } from "./handler.ts";

/** Media type of every blob: only manifests know the real one. */
const BLOB_TYPE = "application/octet-stream";

/** end-2: the blob or the requested ranges of it. HEAD answers its size and opens no object. */
export function getBlob(
  registry: Pick<Reader, "getBlob" | "statBlob">,
  delivery?: DeliveryOptions,
): Handler<"getBlob"> {
  const redirect = delivery && redirection(delivery);
  // A registry with a cache answers the same bytes again.
  const answers = new WeakMap<Uint8Array, Answer>();

  return async function getBlob({ repository, digest }, request) {
    const isHead = request.method === "HEAD";
    const blob =
      await (isHead ? registry.statBlob(repository, digest) : registry.getBlob(repository, digest));
    const outcome = evaluateRead(request.headers, digest);
    if (outcome === "failed") throw preconditionFailed();
    const headers = {
      ...contentHeaders(digest, BLOB_TYPE),
      "Accept-Ranges": "bytes",
      "Content-Disposition": "attachment",
    };
    if (outcome === "not-modified") return { status: 304, headers };
    if (isHead) return { status: 200, headers: { ...headers, ...lengthOf(blob.size) } };
    const location = redirect && await redirect(repository, blob, request);
    if (location !== undefined) {
      return { status: 307, headers: { ...redirectHeaders(digest), Location: location } };
    }
    const field = rangeApplies(request.headers, digest) ? request.headers.get("Range") : null;
    if (field !== null) return await rangeAnswer(blob, parseRange(field, blob.size), headers);
    const { bytes } = blob;
    if (bytes === undefined) return await wholeAnswer(blob, headers);
    let answer = answers.get(bytes);
    if (answer === undefined) {
      answers.set(bytes, answer = { status: 200, headers, body: bytes, isRepeated: true });
    }
    return answer;
  };
}

async function wholeAnswer(blob: BlobReader, headers: Record<string, string>): Promise<Answer> {
  return { status: 200, headers: { ...headers, ...lengthOf(blob.size) }, body: await blob.open() };
}

/** Answer by RFC 9110 §14: one range, several ranges, 416, or the whole blob if there are too many. */
async function rangeAnswer(
  blob: BlobReader,
  ranges: ByteRange[] | "unsatisfiable" | undefined,
  headers: Record<string, string>,
): Promise<Answer> {
  if (ranges === undefined) return await wholeAnswer(blob, headers);
  if (ranges === "unsatisfiable") {
    return { status: 416, headers: { "Content-Range": `bytes */${blob.size}`, "Cache-Control": NOT_STORED } };
  }
  const [range, another] = ranges;
  if (range !== undefined && another === undefined) {
    const { first, last } = range;
    return {
      status: 206,
      headers: {
        ...headers,
        ...lengthOf(last - first + 1),
        "Content-Range": `bytes ${first}-${last}/${blob.size}`,
      },
      body: await blob.open(range),
    };
  }
  const parts = byteranges({
    size: blob.size,
    contentType: BLOB_TYPE,
    ranges,
    open: (range) => blob.open(range),
  });
  return {
    status: 206,
    headers: { ...headers, ...lengthOf(parts.contentLength), "Content-Type": parts.contentType },
    body: parts.stream,
  };
}

function lengthOf(bytes: number): { "Content-Length": string } {
  return { "Content-Length": String(bytes) };
}

/** end-10: the repository's link to the blob. */
export function deleteBlob(registry: Pick<Deleter, "deleteBlob">): Handler<"deleteBlob"> {
  return async function deleteBlob({ repository, digest }, _request, { changed }) {
    await registry.deleteBlob(repository, digest);
    changed?.({ action: "blob.delete", repository, before: digest });
    return { status: 202, headers: {} };
  };
}
