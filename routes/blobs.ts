import { type ByteRange, byteranges, parseRange } from "../oci/mod.ts";
import type { BlobReader, Deleter, Reader } from "../registry/interface.ts";
import { contentHeaders, evaluateRead, preconditionFailed, rangeApplies } from "./http/content.ts";
import type { Answer } from "./http/mod.ts";
import type { Handler } from "./handler.ts";

/** Media type of every blob: only manifests know the real one. */
const BLOB_TYPE = "application/octet-stream";

/** end-2: the blob or the requested ranges of it. HEAD answers its size and opens no object. */
export function getBlob(registry: Pick<Reader, "getBlob" | "statBlob">): Handler<"getBlob"> {
  return async function getBlob({ repository, digest }, request) {
    const blob = request.method === "HEAD" ? undefined : await registry.getBlob(repository, digest);
    const { size } = blob ?? await registry.statBlob(repository, digest);
    const headers = {
      ...contentHeaders(digest, BLOB_TYPE),
      "Accept-Ranges": "bytes",
      "Content-Disposition": "attachment",
    };
    const outcome = evaluateRead(request.headers, digest);
    if (outcome === "failed") throw preconditionFailed();
    if (outcome === "not-modified") return { status: 304, headers };
    if (blob === undefined) return { status: 200, headers: { ...headers, ...lengthOf(size) } };
    const field = rangeApplies(request.headers, digest) ? request.headers.get("Range") : null;
    const ranges = field === null ? undefined : parseRange(field, size);
    return await blobAnswer(blob, ranges, headers);
  };
}

/** Answer by RFC 9110 §14: the whole blob, one range, several ranges, or 416. */
async function blobAnswer(
  blob: BlobReader,
  ranges: ByteRange[] | "unsatisfiable" | undefined,
  headers: Record<string, string>,
): Promise<Answer> {
  if (ranges === undefined) {
    return { status: 200, headers: { ...headers, ...lengthOf(blob.size) }, body: await blob.open() };
  }
  if (ranges === "unsatisfiable") {
    return { status: 416, headers: { "Content-Range": `bytes */${blob.size}` } };
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
