import { Clock, type CredentialSource, encodeQuery, Signature, UNSIGNED_PAYLOAD } from "../../aws/mod.ts";
import type { SignedRequest } from "../../aws/mod.ts";

/** Presigned URL: valid for every client until it expires. */
export interface SignedUrl {
  /** URL that contains the signature. */
  url: string;
  /** Expiry of the credentials that signed the URL, in milliseconds since the epoch. */
  credentialsEnd: number;
}

/** Region, credentials and URL of the bucket that a signer signs for. */
export interface SignerOptions {
  /** AWS region in the signature. */
  region: string;
  /** Source of the credentials. */
  credentials: CredentialSource;
  /** URL of the bucket. */
  url: URL;
  /** Clock of the signatures. */
  clock?: Clock;
}

/** Signs requests for objects of one bucket, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html. */
export class Signer {
  readonly #url: URL;
  readonly #credentials: CredentialSource;
  readonly #clock: Clock;
  readonly #signature: Signature;

  /** A signer for the bucket at `url`. */
  constructor({ region, credentials, url, clock = new Clock() }: SignerOptions) {
    this.#url = url;
    this.#credentials = credentials;
    this.#clock = clock;
    this.#signature = new Signature("s3", region);
  }

  /**
   * URL to read the object or any range of it: the range is not signed. It is valid for `seconds`, unless its credentials
   * expire earlier. `parameters` are added to the query.
   */
  async readUrl(
    key: string,
    seconds: number,
    signingDate: Date = this.#clock.now(),
    parameters?: Record<string, string>,
  ): Promise<SignedUrl> {
    const credentials = await this.#credentials();
    const request = { method: "GET", host: this.#url.host, path: this.#path(key) };
    const query = this.#signature.presign(request, credentials, {
      date: signingDate,
      seconds,
      ...(parameters && { parameters }),
    });
    return {
      url: `${this.#url.origin}${request.path}?${query}`,
      credentialsEnd: credentials.expiration?.getTime() ?? Infinity,
    };
  }

  /**
   * Signs a request with a body; the store verifies the body's `sha256` (in hexadecimal).
   *
   * Without a hash the body is not signed. TLS protects it in transit; hashing it again would cost a third more CPU
   * time.
   */
  async write(
    key: string,
    parameters: Record<string, string>,
    { method = "PUT", sha256 = UNSIGNED_PAYLOAD, signingDate = this.#clock.now() }: {
      method?: "PUT" | "POST" | "HEAD" | "DELETE";
      sha256?: string;
      signingDate?: Date;
    } = {},
  ): Promise<SignedRequest> {
    const path = this.#path(key);
    const query = encodeQuery(parameters);
    const headers = this.#signature.sign(
      {
        method,
        host: this.#url.host,
        path,
        query,
        headers: { "x-amz-content-sha256": sha256 },
        payload: sha256,
      },
      await this.#credentials(),
      signingDate,
    );
    return { url: `${this.#url.origin}${path}${query === "" ? "" : `?${query}`}`, headers };
  }

  /** No key has a character that would need escaping. */
  #path(key: string): string {
    const { pathname } = this.#url;
    return `${pathname === "/" ? "" : pathname}/${key}`;
  }
}
