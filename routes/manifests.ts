import { networkOf } from "../auth/interface.ts";
import { mediaTypeOf, type Reference } from "../oci/mod.ts";
import type { Deleter, Manifest, Reader, Writer } from "../registry/interface.ts";
import {
  BodyBudget,
  contentHeaders,
  evaluateRead,
  manifestLocation,
  parseTagCondition,
  preconditionFailed,
  withBody,
} from "./http/content.ts";
import type { Answer } from "./http/mod.ts";
import type { Handler, RequestLimits } from "./handler.ts";

/** Bytes of all manifests that are held in memory while they are pushed. */
const MANIFEST_BYTES = 64 * 1024 * 1024;

/**
 * end-3: the manifest under a tag or digest, exactly as it was pushed whatever `Accept` says; HEAD answers the same
 * without the body.
 */
export function getManifest(registry: Pick<Reader, "getManifest">): Handler<"getManifest"> {
  // A registry with a cache answers the same objects again.
  const answers = new WeakMap<Manifest, Answer>();

  return async function getManifest(route, request, caller) {
    const manifest = await registry.getManifest(route.repository, route.reference, {
      exact: request.method === "HEAD",
      puller: caller,
    });
    const outcome = evaluateRead(request.headers, manifest.digest);
    if (outcome === "failed") throw preconditionFailed();
    let answer = answers.get(manifest);
    if (answer === undefined) answers.set(manifest, answer = manifestAnswer(manifest));
    return outcome === "not-modified" ? { status: 304, headers: answer.headers } : answer;
  };
}

function manifestAnswer({ digest, mediaType, bytes }: Manifest): Answer {
  return { status: 200, headers: contentHeaders(digest, mediaType), body: bytes, isRepeated: true };
}

/**
 * end-7: puts a manifest under a digest or a tag, with more tags by `?tag=`, optionally with conditions on the tags.
 */
export function putManifest(
  registry: Pick<Writer, "putManifest">,
  limits: RequestLimits,
): Handler<"putManifest"> {
  const { maxManifestSize: limit, uploadIdleTimeout: idle, stop, share = 1 } = limits;
  const size = Math.max(limit, share * Math.max(MANIFEST_BYTES, 2 * limit));
  if (limits.bodies === undefined || limits.bodies.size < limit) {
    limits.bodies = new BodyBudget(size, { name: "manifests" });
  }
  const { bodies } = limits;
  return async function putManifest({ repository, reference, tags }, request, caller, client) {
    const condition = parseTagCondition(request.headers);
    const contentType = mediaTypeOf(request.headers.get("Content-Type"));
    const receipt = await withBody(
      request,
      { limit, idle, bodies, stop, network: client.address && networkOf(client.address) },
      (bytes) => registry.putManifest(repository, caller, { bytes, contentType, reference, tags, condition }),
    );
    const subject = receipt.subject === undefined ? {} : { "OCI-Subject": receipt.subject };
    const accepted = tags.length === 0 ? {} : { "OCI-Tag": receipt.tags.join(", ") };
    return {
      status: 201,
      headers: {
        "Location": manifestLocation(repository, textOf(reference)),
        "Docker-Content-Digest": receipt.digest,
        ...subject,
        ...accepted,
      },
    };
  };
}

/** end-9: a tag, or a manifest with every tag that points at it. */
export function deleteManifest(
  registry: Pick<Deleter, "deleteTag" | "deleteManifest">,
): Handler<"deleteManifest"> {
  return async function deleteManifest({ repository, reference }, _request, { changed }) {
    if ("tag" in reference) await registry.deleteTag(repository, reference.tag, changed);
    else await registry.deleteManifest(repository, reference.digest, changed);
    return { status: 202, headers: {} };
  };
}

function textOf(reference: Reference): string {
  return "tag" in reference ? reference.tag : reference.digest;
}
