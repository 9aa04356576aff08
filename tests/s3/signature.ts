import { createHash, createHmac } from "node:crypto";
import { S3Error } from "./s3_error.ts";

/** Whom the server lets in. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

interface Claim {
  readonly credential: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly date: string;
  /** Seconds that a URL is good for; a header is good for {@linkcode MAX_SKEW_SECONDS}. */
  readonly expires?: number;
  readonly payloadHash: string;
}

/** Seconds by which the clock of a client may differ. */
const MAX_SKEW_SECONDS = 15 * 60;

/** Seconds that a URL may be good for at most. */
const MAX_EXPIRY_SECONDS = 7 * 24 * 60 * 60;

/**
 * Checks the signature of a request as S3 does, in its `Authorization` header or in its URL. It is written from the
 * document, not with the library that signs, so that the two check each other:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html.
 *
 * @throws {S3Error} if it is missing, wrong, too old, or for another key or region.
 */
export function checkSignature(request: Request, url: URL, credentials: Credentials, region: string): void {
  const claim = url.searchParams.has("X-Amz-Signature") ? claimOfUrl(request, url) : claimOfHeader(request);
  const [accessKeyId, day, ...scope] = claim.credential.split("/");
  if (accessKeyId !== credentials.accessKeyId) {
    throw new S3Error(
      "InvalidAccessKeyId",
      "The AWS Access Key Id you provided does not exist in our records.",
    );
  }
  if (day !== claim.date.slice(0, 8) || scope.join("/") !== `${region}/s3/aws4_request`) {
    throw malformed(claim, `the credential scope must be <day>/${region}/s3/aws4_request`);
  }
  checkTime(claim);
  checkCoverage(request, claim);

  const canonical = canonicalRequest(request, url, claim);
  const toSign = ["AWS4-HMAC-SHA256", claim.date, `${day}/${scope.join("/")}`, sha256(canonical)].join("\n");
  const key = [day, ...scope].reduce<string | Uint8Array>(hmac, `AWS4${credentials.secretAccessKey}`);
  if (hmac(key, toSign).toHex() !== claim.signature) {
    throw new S3Error(
      "SignatureDoesNotMatch",
      `The request signature we calculated does not match the signature you provided. Canonical: ${canonical}`,
    );
  }
}

function claimOfHeader(request: Request): Claim {
  const header = request.headers.get("authorization");
  if (header === null) throw new S3Error("AccessDenied", "Access Denied");
  const fields = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/
    .exec(header);
  if (fields === null) {
    throw new S3Error("AuthorizationHeaderMalformed", "The authorization header is malformed");
  }
  const payloadHash = request.headers.get("x-amz-content-sha256");
  if (payloadHash === null) {
    throw new S3Error("InvalidRequest", "Missing required header for this request: x-amz-content-sha256");
  }
  return {
    credential: fields[1]!,
    signedHeaders: fields[2]!.split(";"),
    signature: fields[3]!,
    date: request.headers.get("x-amz-date") ?? "",
    payloadHash,
  };
}

function claimOfUrl(request: Request, url: URL): Claim {
  const parameter = (name: string): string => {
    const value = url.searchParams.get(name);
    if (value !== null) return value;
    throw new S3Error("AuthorizationQueryParametersError", `Query-string authentication requires ${name}`);
  };
  const expires = Number(parameter("X-Amz-Expires"));
  if (
    parameter("X-Amz-Algorithm") !== "AWS4-HMAC-SHA256" || !(expires >= 0 && expires <= MAX_EXPIRY_SECONDS)
  ) {
    throw new S3Error(
      "AuthorizationQueryParametersError",
      "X-Amz-Algorithm or X-Amz-Expires is out of range",
    );
  }
  return {
    credential: parameter("X-Amz-Credential"),
    signedHeaders: parameter("X-Amz-SignedHeaders").split(";"),
    signature: parameter("X-Amz-Signature"),
    date: parameter("X-Amz-Date"),
    expires,
    payloadHash: contentHash(request, url) ?? "UNSIGNED-PAYLOAD",
  };
}

/** Hash of the body that the request announces. A signed URL may carry any `x-amz-*` header as a query parameter. */
export function contentHash(request: Request, url: URL): string | undefined {
  const name = "x-amz-content-sha256";
  return request.headers.get(name) ??
    [...url.searchParams].find(([parameter]) => parameter.toLowerCase() === name)?.[1];
}

function checkTime(claim: Claim): void {
  const time = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(claim.date);
  if (time === null) throw malformed(claim, "the date must be YYYYMMDDTHHMMSSZ");
  const [, year, month, day, hours, minutes, seconds] = time;
  const age = (Date.now() - Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`)) / 1000;
  if (claim.expires !== undefined && age > claim.expires) {
    throw new S3Error("AccessDenied", "Request has expired");
  }
  if (age < -MAX_SKEW_SECONDS || (claim.expires === undefined && age > MAX_SKEW_SECONDS)) {
    throw new S3Error(
      "RequestTimeTooSkewed",
      "The difference between the request time and ours is too large.",
    );
  }
}

/** S3 refuses a request with an `x-amz-*` header that a proxy on the way could have changed. */
function checkCoverage(request: Request, claim: Claim): void {
  const needed = [...request.headers.keys()].filter((name) => name.startsWith("x-amz-"));
  const unsigned = ["host", ...needed].filter((name) => !claim.signedHeaders.includes(name));
  if (unsigned.length === 0) return;
  throw new S3Error(
    "AccessDenied",
    `There were headers present in the request which were not signed: ${unsigned}`,
  );
}

function malformed(claim: Claim, reason: string): S3Error {
  const code = claim.expires === undefined
    ? "AuthorizationHeaderMalformed"
    : "AuthorizationQueryParametersError";
  return new S3Error(code, `The authorization is malformed; ${reason}`);
}

function canonicalRequest(request: Request, url: URL, claim: Claim): string {
  const query = [...url.searchParams]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`)
    .sort();
  const headers = claim.signedHeaders.map((name) => {
    const value = (request.headers.get(name) ?? "").trim().replace(/ +/g, " ");
    return `${name}:${value}\n`;
  });
  return [
    request.method,
    url.pathname.split("/").map((segment) => uriEncode(decodeURIComponent(segment))).join("/"),
    query.join("&"),
    headers.join(""),
    claim.signedHeaders.join(";"),
    claim.payloadHash,
  ].join("\n");
}

/** Percent-encodes all but the unreserved characters of RFC 3986 §2.3. */
function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: string | Uint8Array, text: string): Uint8Array {
  return createHmac("sha256", key).update(text).digest();
}
