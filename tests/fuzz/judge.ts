import type { ErrorCode } from "../../oci/mod.ts";
import { readRequest } from "../../routes/testing/routes.ts";
import { isListed, isOfPage } from "../harness/listed_status.ts";
import { type FuzzRequest, targetOf } from "./fuzz_request.ts";
import type { RawResponse } from "./raw_connection.ts";
import { digestOf } from "./world.ts";

/** Longest head and longest body of a request that the server must read. For a longer one it may close the connection. */
const MAX_HEAD_BYTES = 60_000;
const MAX_BODY_BYTES = 1_000_000;

/**
 * True if the request is not valid HTTP, or too long. Deno may then answer in its own words before the registry sees the
 * request, or close the connection.
 */
export function isLax(request: FuzzRequest, serialized: Uint8Array): boolean {
  const { method, framing, version, fields, host, body } = request;
  const bodySize = body?.length ?? 0;
  return framing === "raw" || version !== undefined || host !== undefined ||
    /[^\x21-\x7e]/.test(targetOf(request)) || !targetOf(request).startsWith("/") ||
    !/^[A-Za-z]{1,20}$/.test(method) ||
    method === "CONNECT" ||
    fields.some(([name, value]) =>
      !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || /[^\t\x20-\x7e]/.test(value)
    ) ||
    fields.some(([name, value]) => name === "Connection" && value.includes("upgrade")) ||
    fields.length > 90 || bodySize > MAX_BODY_BYTES || serialized.length - bodySize > MAX_HEAD_BYTES;
}

const CODES: Record<ErrorCode, true> = {
  BLOB_UNKNOWN: true,
  BLOB_UPLOAD_INVALID: true,
  BLOB_UPLOAD_UNKNOWN: true,
  DENIED: true,
  DIGEST_INVALID: true,
  MANIFEST_BLOB_UNKNOWN: true,
  MANIFEST_INVALID: true,
  MANIFEST_UNKNOWN: true,
  NAME_INVALID: true,
  NAME_UNKNOWN: true,
  PAGINATION_NUMBER_INVALID: true,
  SIZE_INVALID: true,
  TOOMANYREQUESTS: true,
  UNAUTHORIZED: true,
  UNSUPPORTED: true,
};

/** Every header field that the registry or Deno sends, with a pattern of its value. No pattern admits arbitrary text of a client. */
const FIELDS = new Map<string, RegExp>([
  ["accept-ranges", /^bytes$/],
  ["allow", /^[A-Z, ]*$/],
  ["cache-control", /^((private, )?no-store(, no-transform)?|public, max-age=31536000, immutable)$/],
  ["connection", /^(close|keep-alive)$/],
  ["content-disposition", /^attachment$/],
  ["content-length", /^\d+$/],
  ["content-range", /^bytes (\d+-\d+|\*)\/\d+$/],
  ["content-security-policy", /^default-src 'none'; [a-z' ;-]+$/],
  ["content-type", /^[a-z]+\/[a-z0-9.+-]+(; (boundary=[0-9a-f-]{36}|charset=utf-8))?$/],
  ["cross-origin-opener-policy", /^same-origin$/],
  ["cross-origin-resource-policy", /^same-origin$/],
  ["date", /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} [\d:]{8} GMT$/],
  ["docker-content-digest", /^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$/],
  ["docker-distribution-api-version", /^registry\/2\.0$/],
  ["docker-upload-uuid", /^[0-9a-zA-Z-]+$/],
  ["etag", /^"sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})"$/],
  ["link", /^<\/v2\/[a-zA-Z0-9._:/+=?&%!~*'()-]+>; rel="next"$/],
  ["location", /^\/v2\/[a-zA-Z0-9._:/-]+$/],
  ["oci-filters-applied", /^artifactType$/],
  ["oci-subject", /^[a-z0-9+._-]+:[a-zA-Z0-9=_-]+$/],
  ["oci-tag", /^[a-zA-Z0-9_][a-zA-Z0-9._-]*(, [a-zA-Z0-9_][a-zA-Z0-9._-]*)*$/],
  ["range", /^0-\d+$/],
  ["referrer-policy", /^(no-referrer|same-origin)$/],
  ["retry-after", /^\d+$/],
  ["transfer-encoding", /^chunked$/],
  ["vary", /^Accept(-Encoding)?$/],
  ["x-content-type-options", /^nosniff$/],
  ["x-request-id", /^[0-9a-z-]+$/],
]);

/** Problem of an answer to a request, if any. `lax` is the result of {@linkcode isLax}. */
export async function judge(
  request: FuzzRequest,
  response: RawResponse,
  lax: boolean,
): Promise<string | undefined> {
  const { status, fields, body } = response;
  if (status >= 500 || status >= 300 && status < 400 && status !== 304) return `Got status ${status}`;
  if (request.refused && !(status >= 400)) return `Got status ${status} for what must be refused`;
  const unknown = fields.find(([name, value]) => !FIELDS.get(name)?.test(value));
  if (unknown !== undefined) return `Got field ${JSON.stringify(unknown)}`;
  const get = (name: string) => fields.find((field) => field[0] === name)?.[1];
  if (!lax && get("x-request-id") === undefined) return `Got status ${status} from another program`;
  // Pages have no rows in the endpoint table.
  if (get("content-type")?.startsWith("text/html")) return judgePage(request, response);
  const { route } = await readRequest(request.method, targetOf(request));
  if (!lax && !isListed(route?.kind, status)) {
    return `Got status ${status}, which no row of the endpoint has`;
  }
  if (status >= 400 && body.length > 0 && get("content-type") === "application/json") return judgeError(body);
  if (status >= 400 && body.length > 0 && !lax) {
    return `Got a body of ${get("content-type")} with status ${status}`;
  }
  const digest = get("docker-content-digest");
  if (status === 200 && request.method === "GET" && digest !== undefined) {
    if (digestOf(body, digest.split(":")[0]) !== digest) {
      return `Got ${body.length} bytes that are not ${digest}`;
    }
  }
  return undefined;
}

/** Start of an element in a query, with a name that no page has. */
const MARKUP = /(<|%3C)fuzz/gi;

function decodeMarkup(text: string): string {
  return text.replace(/%3C/i, "<");
}

/** Problem of a page, if any: text of the request must not become markup, and no script or form of another site may run. */
function judgePage(request: FuzzRequest, { status, fields, body }: RawResponse): string | undefined {
  if (!isOfPage(status)) return `Got status ${status} with a page`;
  const policy = fields.find(([name]) => name === "content-security-policy")?.[1] ?? "";
  if (!policy.includes("frame-ancestors 'none'") || /unsafe-(eval|hashes)/.test(policy)) {
    return `Got a page with the policy "${policy}"`;
  }
  const page = new TextDecoder().decode(body);
  if (request.method !== "HEAD" && !page.startsWith("<!doctype html>")) return "Got a page without its type";
  const markup = request.query.flat().flatMap((text) => text.match(MARKUP) ?? []);
  const reflected = markup.map(decodeMarkup).find((text) => page.includes(text));
  return reflected === undefined ? undefined : `Got a page that contains ${JSON.stringify(reflected)}`;
}

/** Problem of an error's body, if any (distribution-spec §"Error Codes"). */
function judgeError(body: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(body);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return `Got an error that is no JSON: ${text.slice(0, 200)}`;
  }
  const { errors, ...rest } = Object(document) as { errors?: unknown };
  const isError = (error: unknown) => {
    const { code, message, detail: _, ...more } = Object(error) as Record<string, unknown>;
    return typeof code === "string" && Object.hasOwn(CODES, code) && typeof message === "string" &&
      Object.keys(more).length === 0;
  };
  const isGood = Array.isArray(errors) && errors.length > 0 && errors.every(isError) &&
    Object.keys(rest).length === 0;
  return isGood ? undefined : `Got an error that is not of the specification's form: ${text.slice(0, 200)}`;
}
