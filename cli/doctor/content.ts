import { sendTwice } from "./answers.ts";
import type { Finding } from "./finding.ts";
import { ACCEPT_MANIFESTS, digestOf, type Image, pullScope } from "./image.ts";
import type { Session, SessionRequest } from "./session.ts";

/** Largest blob that is read whole, in bytes. */
const WHOLE_LIMIT_BYTES = 16 * 2 ** 20;

/** Checks answers with content: their headers and bytes, ranges, and what caches do with them. */
export async function checkContent(session: Session, image: Image, isPublic: boolean): Promise<Finding[]> {
  return [
    await checkManifest(session, image),
    await checkBlob(session, image),
    await checkRange(session, image),
    await checkCaching(session, image, isPublic),
  ];
}

/** Checks a manifest by its tag: headers that clients need, and its bytes. */
async function checkManifest(
  session: Session,
  { repository, tag, manifests: [digest] }: Image,
): Promise<Finding> {
  const check = "manifest";
  const response = await session.send(`/v2/${repository}/manifests/${tag}`, {
    scope: pullScope(repository),
    headers: { Accept: ACCEPT_MANIFESTS },
  });
  const bytes = await response.bytes();
  const problem = response.status !== 200
    ? `It is answered with ${response.status}`
    : digestOf(bytes) !== digest
    ? "Its bytes do not have its digest"
    : response.headers.get("Docker-Content-Digest") !== digest
    ? "It is answered without Docker-Content-Digest"
    : undefined;
  return problem === undefined
    ? { check, level: "ok", found: "Bytes and digest agree" }
    : { check, level: "fault", found: problem, advice: "See that no proxy changes or compresses answers" };
}

/** Checks the bytes of a blob, through a redirect if there is one. */
async function checkBlob(session: Session, image: Image): Promise<Finding> {
  const check = "blob";
  const { digest, size } = largestOf(image, WHOLE_LIMIT_BYTES);
  const { response, host } = await getBlob(session, image, digest);
  if (response.status !== 200) {
    await response.body?.cancel();
    return {
      check,
      level: "fault",
      found: `${digest} is answered with ${response.status} by ${host}`,
      advice: "Read the registry's log; behind a redirect, see that clients can reach the bucket",
    };
  }
  const isIntact = digestOf(await response.bytes()) === digest;
  const way = host === session.url.host ? "from the registry" : `by a redirect to ${host}`;
  return isIntact
    ? { check, level: "ok", found: `${size} bytes ${way} have the digest` }
    : { check, level: "fault", found: `The bytes ${way} do not have the digest`, advice: "Run skerry scrub" };
}

/** Checks that a cut download can be resumed: a range of a blob, only while it is the same. */
async function checkRange(session: Session, image: Image): Promise<Finding> {
  const check = "ranges";
  const advice = "Let proxy and cache pass Range, If-Range and ETag on";
  const { digest, size } = largestOf(image, Infinity);
  const first = Math.max(0, size - 100);
  const { response, host } = await getBlob(session, image, digest, { Range: `bytes=${first}-` });
  const range = response.headers.get("Content-Range");
  await response.body?.cancel();
  if (response.status !== 206 || range !== `bytes ${first}-${size - 1}/${size}`) {
    const found = `${host} answers a range with ${response.status}: a cut download starts again`;
    return { check, level: "fault", found, advice };
  }
  const etag = response.headers.get("ETag");
  if (etag === null || etag.startsWith("W/")) {
    const found = `${host} answers a range without a strong ETag: some clients do not resume`;
    return { check, level: "warning", found, advice };
  }
  const condition = { "Range": `bytes=${first}-`, "If-Range": etag };
  const { response: resumed } = await getBlob(session, image, digest, condition);
  await resumed.body?.cancel();
  if (resumed.status !== 206) {
    const found = `${host} answers a range with If-Range and its own ETag with ${resumed.status}: ` +
      "clients that compare the ETag start again";
    return { check, level: "warning", found, advice };
  }
  return { check, level: "ok", found: `${host} answers ranges, with a strong ETag and If-Range` };
}

/** Checks if a cache keeps a manifest by its digest: as a public one should be, and a private one must not. */
async function checkCaching(session: Session, image: Image, isPublic: boolean): Promise<Finding> {
  const check = isPublic ? "public cache" : "private answers";
  const { repository, manifests } = image;
  const request: SessionRequest = { scope: pullScope(repository), headers: { Accept: ACCEPT_MANIFESTS } };
  const path = `/v2/${repository}/manifests/${manifests[0]}`;
  const { response, isCached } = await sendTwice(session, path, request);
  const control = response.headers.get("Cache-Control") ?? "";
  if (!isPublic) {
    return isCached
      ? {
        check,
        level: "fault",
        found: "A cache answers a request with credentials: others may get private content from it",
        advice:
          "Let the cache obey Cache-Control: private, no-store, or take it off this host (docs/public.md)",
      }
      : { check, level: "ok", found: "No cache keeps answers to requests with credentials" };
  }
  if (isCached) return { check, level: "ok", found: "A cache answers a manifest by its digest" };
  return /\bno-store\b/.test(control)
    ? { check, level: "note", found: "The registry permits no cache for anonymous answers of this host" }
    : {
      check,
      level: "warning",
      found: `No cache keeps a manifest by its digest, although "${control}" permits it`,
      advice: "Put a CDN in front (infra/cdn.yaml), or see if it keys its cache by Authorization",
    };
}

/** GET of a blob; a redirect is followed without credentials. */
async function getBlob(
  session: Session,
  { repository }: Image,
  digest: string,
  headers: Record<string, string> = {},
): Promise<{ response: Response; host: string }> {
  const path = `/v2/${repository}/blobs/${digest}`;
  const response = await session.send(path, { scope: pullScope(repository), headers });
  const location = response.headers.get("Location");
  if (![302, 307].includes(response.status) || location === null) return { response, host: session.url.host };
  await response.body?.cancel();
  const target = new URL(location, session.url);
  return { response: await session.send(target, { headers }), host: target.host };
}

function largestOf({ blobs }: Image, limitBytes: number): { digest: string; size: number } {
  return blobs.filter(({ size }) => size <= limitBytes).toSorted((a, b) => b.size - a.size)[0] ?? blobs[0]!;
}
