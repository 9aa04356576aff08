import { Buffer } from "node:buffer";
import { createHmac, hash, type Hmac } from "node:crypto";
import type { Credentials } from "./credentials.ts";

/** Request before it is signed. */
export interface UnsignedRequest {
  /** HTTP method. */
  method: string;
  /** Host, with the port unless it is the default one. */
  host: string;
  /** Path as it is sent. */
  path: string;
  /** Query as it is sent, of {@linkcode encodeQuery}. */
  query?: string;
  /** Headers to send and to sign, except `host`. Names in lower case, values without needless spaces. */
  headers: Record<string, string>;
  /** SHA-256 of the body in hexadecimal, or {@linkcode UNSIGNED_PAYLOAD}. */
  payload: string;
}

/** Payload hash of a request whose signature does not cover the body. S3 only. */
export const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD";

const ALGORITHM = "AWS4-HMAC-SHA256";

/**
 * Signature version 4 for one service in one region,
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. Synchronous: WebCrypto
 * takes ten times the CPU time for such small inputs.
 */
export class Signature {
  readonly #service: string;
  readonly #region: string;
  #key: { secret: string; day: string; bytes: Uint8Array } | undefined;

  /** Signature for a service, such as `s3`. */
  constructor(service: string, region: string) {
    this.#service = service;
    this.#region = region;
  }

  /** Headers of the signed request, except `host`. */
  sign(request: UnsignedRequest, credentials: Credentials, date: Date): Record<string, string> {
    const time = amzDate(date);
    const headers: Record<string, string> = { ...request.headers, "x-amz-date": time };
    if (credentials.sessionToken) headers["x-amz-security-token"] = credentials.sessionToken;
    const names = [...Object.keys(headers), "host"].sort();
    let canonical = "";
    for (const name of names) canonical += `${name}:${name === "host" ? request.host : headers[name]}\n`;
    const signed = names.join(";");
    const signature = this.#signature(
      this.#canonical(request, request.query ?? "", canonical, signed),
      time,
      credentials,
    );
    headers.authorization = `${ALGORITHM} Credential=${this.#credential(time, credentials)}, ` +
      `SignedHeaders=${signed}, Signature=${signature}`;
    return headers;
  }

  /**
   * Query of a URL that is valid for `seconds` from `date`, with further `parameters`. The signature covers no header
   * except `host`.
   */
  presign(
    request: Pick<UnsignedRequest, "method" | "host" | "path">,
    credentials: Credentials,
    { date, seconds, parameters = {} }: { date: Date; seconds: number; parameters?: Record<string, string> },
  ): string {
    const time = amzDate(date);
    const query = encodeQuery({
      ...parameters,
      "X-Amz-Algorithm": ALGORITHM,
      "X-Amz-Credential": this.#credential(time, credentials),
      "X-Amz-Date": time,
      "X-Amz-Expires": `${seconds}`,
      ...(credentials.sessionToken && { "X-Amz-Security-Token": credentials.sessionToken }),
      "X-Amz-SignedHeaders": "host",
    });
    const unsigned = { ...request, payload: UNSIGNED_PAYLOAD };
    const canonical = this.#canonical(unsigned, query, `host:${request.host}\n`, "host");
    return `${query}&X-Amz-Signature=${this.#signature(canonical, time, credentials)}`;
  }

  #canonical(
    { method, path, payload }: Pick<UnsignedRequest, "method" | "path" | "payload">,
    query: string,
    headers: string,
    signed: string,
  ): string {
    // S3 alone takes the path as it is sent. Other services encode it once more.
    const canonicalPath = this.#service === "s3" || path === "/"
      ? path
      : encode(path.replace(/\/+/g, "/")).replaceAll("%2F", "/");
    return `${method}\n${canonicalPath}\n${query}\n${headers}\n${signed}\n${payload}`;
  }

  #credential(time: string, { accessKeyId }: Credentials): string {
    return `${accessKeyId}/${this.#scope(time)}`;
  }

  #scope(time: string): string {
    return `${time.slice(0, 8)}/${this.#region}/${this.#service}/aws4_request`;
  }

  #signature(canonical: string, time: string, { secretAccessKey }: Credentials): string {
    const toSign = `${ALGORITHM}\n${time}\n${this.#scope(time)}\n${hash("sha256", canonical)}`;
    return hmac(this.#keyOf(secretAccessKey, time.slice(0, 8)), toSign).digest("hex");
  }

  /** The signing key depends only on the secret and the day, so it is derived once a day. */
  #keyOf(secret: string, day: string): Uint8Array {
    if (this.#key?.secret !== secret || this.#key.day !== day) {
      let bytes: Uint8Array = Buffer.from(`AWS4${secret}`);
      for (const step of [day, this.#region, this.#service, "aws4_request"]) {
        bytes = hmac(bytes, step).digest();
      }
      this.#key = { secret, day, bytes };
    }
    return this.#key.bytes;
  }
}

/** Encodes the parameters of a query, in the order of their names, as a signature requires. */
export function encodeQuery(parameters: Record<string, string>): string {
  const encoded = Object.entries(parameters).map(([name, value]) => [encode(name), encode(value)] as const);
  encoded.sort(([a], [b]) => a < b ? -1 : 1);
  return encoded.map((pair) => pair.join("=")).join("&");
}

/** Percent-encodes everything except unreserved characters (RFC 3986 §2.3). */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Time as in `20261124T031200Z`. */
function amzDate(date: Date): string {
  const iso = date.toISOString();
  return `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
}

function hmac(key: Uint8Array, text: string): Hmac {
  return createHmac("sha256", key).update(text);
}
