import { parseContentRange, RegistryError, type RepositoryName } from "../oci/mod.ts";
import {
  type BlobInfo,
  OffsetMismatch,
  type Registry,
  type UploadBody,
  type UploadStatus,
} from "../registry/interface.ts";
import { blobLocation, bodyOf, contentLength } from "./http/content.ts";
import { type Answer, NOT_STORED } from "./http/mod.ts";
import type { Handler, RequestLimits } from "./handler.ts";

/** end-4a, end-4c: begins an upload. */
export function startUpload(registry: Pick<Registry, "startUpload">): Handler<"startUpload"> {
  return async function startUpload({ repository, algorithm }, _request, { name: principal }) {
    const upload = await registry.startUpload(repository, principal, algorithm);
    return uploadAnswer(202, repository, upload);
  };
}

/**
 * end-11: links a blob that another repository has. Starts an ordinary upload if the mount fails for any reason, so the
 * answer does not tell a forbidden repository from a missing blob.
 */
export function mountBlob(registry: Pick<Registry, "mountBlob" | "startUpload">): Handler<"mountBlob"> {
  return async function mountBlob({ repository, digest, from }, _request, caller) {
    const blob = await registry.mountBlob(repository, caller, digest, from);
    if (blob === undefined) {
      return uploadAnswer(202, repository, await registry.startUpload(repository, caller.name));
    }
    caller.changed?.({ action: "blob.mount", repository, after: digest });
    return blobCreated(repository, blob);
  };
}

/** end-4b: a whole blob in the POST. */
export function putBlob(registry: Pick<Registry, "putBlob">, limits: RequestLimits): Handler<"putBlob"> {
  return async function putBlob({ repository, digest }, request, { name: principal, changed }) {
    const blob = await registry.putBlob(repository, principal, digest, uploadBody(request, limits));
    changed?.({ action: "blob.commit", repository, after: digest });
    return blobCreated(repository, blob);
  };
}

/** end-13: progress of the upload. */
export function getUpload(registry: Pick<Registry, "getUpload">): Handler<"getUpload"> {
  return async function getUpload({ repository, id }, _request, { name: principal }) {
    const answer = uploadAnswer(204, repository, await registry.getUpload(repository, principal, id));
    // A cache may store a 204 without the field (RFC 9110 §15.1), and the client would resume at an old offset.
    return { ...answer, headers: { ...answer.headers, "Cache-Control": NOT_STORED } };
  };
}

/** end-5: appends the next chunk, or any number of bytes without `Content-Range`. */
export function appendUpload(
  registry: Pick<Registry, "appendUpload" | "getUpload">,
  limits: RequestLimits,
): Handler<"appendUpload"> {
  return async function appendUpload(route, request, { name: principal }) {
    const upload = await tellingWhere(registry, route, principal, () => {
      return registry.appendUpload(route.repository, principal, route.id, uploadBody(request, limits));
    });
    return uploadAnswer(202, route.repository, upload);
  };
}

/** end-6: the last chunk, if any, and the digest of the whole. */
export function commitUpload(
  registry: Pick<Registry, "commitUpload" | "getUpload">,
  limits: RequestLimits,
): Handler<"commitUpload"> {
  return async function commitUpload(route, request, { name: principal, changed }) {
    const { repository, id, digest } = route;
    const empty = request.body === null || contentLength(request) === 0;
    const blob = await tellingWhere(registry, route, principal, () => {
      const body = empty ? undefined : uploadBody(request, limits);
      return registry.commitUpload(repository, principal, id, digest, body);
    });
    changed?.({ action: "blob.commit", repository, after: digest });
    return blobCreated(repository, blob);
  };
}

/** end-14: forgets an upload. */
export function cancelUpload(registry: Pick<Registry, "cancelUpload">): Handler<"cancelUpload"> {
  return async function cancelUpload({ repository, id }, _request, { name: principal }) {
    await registry.cancelUpload(repository, principal, id);
    return { status: 204, headers: {} };
  };
}

/**
 * Body of an upload with the facts in its headers.
 *
 * @throws {RegistryError} 416 for a malformed `Content-Range`, 400 if it contradicts `Content-Length`.
 */
function uploadBody(request: Request, limits: RequestLimits): UploadBody {
  const length = contentLength(request);
  const field = request.headers.get("Content-Range");
  const range = field === null ? undefined : parseContentRange(field);
  if (range !== undefined && length !== undefined && range.last - range.first + 1 !== length) {
    throw new RegistryError("SIZE_INVALID", "Content-Range and Content-Length disagree");
  }
  return {
    stream: bodyOf(request),
    idle: limits.uploadIdleTimeout,
    ...(limits.stop && { stop: limits.stop }),
    ...(length === undefined ? {} : { length }),
    ...(range === undefined ? {} : { range }),
  };
}

/**
 * Adds the upload's offset to a 416, so that the client can resume: regclient treats an error with `Location` and
 * `Range` as recoverable.
 */
async function tellingWhere<T>(
  registry: Pick<Registry, "getUpload">,
  { repository, id }: { repository: RepositoryName; id: string },
  principal: string,
  attempt: () => Promise<T>,
): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof RegistryError) || error.status !== 416) throw error;
    const upload = error instanceof OffsetMismatch
      ? error.upload
      : await registry.getUpload(repository, principal, id);
    throw new RegistryError(error.code, error.message, {
      status: 416,
      headers: uploadHeaders(repository, upload),
      cause: error,
    });
  }
}

function uploadAnswer(status: number, repository: RepositoryName, upload: UploadStatus): Answer {
  return { status, headers: uploadHeaders(repository, upload) };
}

function uploadHeaders(repository: RepositoryName, upload: UploadStatus): Record<string, string> {
  return {
    "Location": `/v2/${repository}/blobs/uploads/${upload.id}`,
    // Both inclusive, so an empty upload looks like one of one byte; docker fails on "0--1".
    "Range": `0-${Math.max(0, upload.offset - 1)}`,
    "Docker-Upload-UUID": upload.id,
  };
}

function blobCreated(repository: RepositoryName, blob: BlobInfo): Answer {
  return {
    status: 201,
    headers: { "Location": blobLocation(repository, blob.digest), "Docker-Content-Digest": blob.digest },
  };
}
