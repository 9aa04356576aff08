import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";

/** Credentials for signing. Called before each request, so they can be rotated. */
export type Credentials = () => Promise<{
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  expiration?: Date;
}>;

/** Signed request, ready to send. */
export interface SignedRequest {
  /** URL with the query. */
  url: string;
  /** Headers, including those of the signature. */
  headers: Record<string, string>;
}

/** Presigned URL: valid for every client until it expires. */
export interface SignedUrl {
  /** URL that contains the signature. */
  url: string;
  /** Expiry of the credentials that signed the URL, in milliseconds since the epoch. */
  credentialsEnd: number;
}

/** The payload hash of a request whose body the signature leaves open. */
const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD";

/** Region, credentials and URL of the bucket that a signer signs for. */
export interface SignerOptions {
  /** AWS region in the signature. */
  region: string;
  /** Source of the credentials. */
  credentials: Credentials;
  /** URL of the bucket. */
  url: URL;
}

/** Signs requests for objects of one bucket, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html. */
export class Signer {
  readonly #url: URL;
  readonly #credentials: Credentials;
  readonly #signature: SignatureV4;

  /** A signer for the bucket at `url`. */
  constructor({ region, credentials, url }: SignerOptions) {
    this.#url = url;
    this.#credentials = credentials;
    this.#signature = new SignatureV4({
      service: "s3",
      region,
      credentials,
      sha256: Sha256,
      uriEscapePath: false, // S3 alone takes the path as it is
      applyChecksum: false,
    });
  }

  /** A URL to read the object with, or any range of it: the range is not signed. `seconds` is how long it holds. */
  async readUrl(key: string, seconds: number, signingDate = new Date()): Promise<SignedUrl> {
    const { expiration } = await this.#credentials();
    const hash = new Set(["x-amz-content-sha256"]);
    const signed = await this.#signature.presign(
      this.#request("GET", key, {}, { "x-amz-content-sha256": UNSIGNED_PAYLOAD }),
      // The hash of nothing need not be sent to be known.
      { expiresIn: seconds, signingDate, unhoistableHeaders: hash, unsignableHeaders: hash },
    );
    return { url: this.#format(signed), credentialsEnd: expiration?.getTime() ?? Infinity };
  }

  /**
   * Signs a request with a body; the store verifies the body's `sha256` (in hexadecimal).
   *
   * Without a hash the body is not signed. TLS protects it in transit; hashing it again would cost a third more CPU
   * time.
   */
  async write(
    key: string,
    query: Record<string, string>,
    { method = "PUT", sha256 = UNSIGNED_PAYLOAD, signingDate = new Date() }: {
      method?: "PUT" | "POST";
      sha256?: string;
      signingDate?: Date;
    } = {},
  ): Promise<SignedRequest> {
    const request = this.#request(method, key, query, { "x-amz-content-sha256": sha256 });
    const signed = await this.#signature.sign(request, { signingDate });
    const { host: _, ...headers } = signed.headers; // fetch makes it of the URL
    return { url: this.#format(signed), headers };
  }

  #request(method: string, key: string, query: Record<string, string>, headers: Record<string, string>) {
    const { protocol, host, hostname, pathname } = this.#url;
    const path = `${pathname === "/" ? "" : pathname}/${key}`;
    return { method, protocol, hostname, path, query, headers: { host, ...headers } };
  }

  #format({ path, query = {} }: { path: string; query?: Record<string, unknown> }): string {
    const parameters = Object.entries(query).map(([name, value]) =>
      `${name}=${encodeURIComponent(`${value}`)}`
    );
    return `${this.#url.origin}${path}${parameters.length === 0 ? "" : `?${parameters.join("&")}`}`;
  }
}

/** SHA-256 or, with a secret, HMAC-SHA-256, as the signature library requires: synchronous, without a thread. */
class Sha256 {
  readonly #hash;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", bytesOf(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): string | Uint8Array {
  if (typeof data === "string") return data;
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
