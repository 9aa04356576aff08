import type { CloudFrontKey } from "./cloudfront_signer.ts";

/** Location and credentials of the bucket of an `S3ObjectStore`. */
export interface S3Options {
  /** Name of an existing bucket. */
  bucket: string;
  /**
   * Prefix of every key in the bucket, usually a folder such as `skerry/`. Default: none. Callers of the store never
   * see it.
   */
  prefix?: string;
  /** The region that requests are signed for. */
  region: string;
  /** URL of the store. Default: AWS's own settings (`AWS_ENDPOINT_URL_S3`, ...), otherwise AWS itself. */
  endpoint?: string;
  /** URL of the store as clients reach it, for the URLs that they get. Default: the one that requests are sent to. */
  publicEndpoint?: string;
  /** Key of the CloudFront distribution at `publicEndpoint`, which signs its URLs in place of the credentials. */
  cloudFrontKey?: CloudFrontKey;
  /** Lifetime of the URLs for clients in milliseconds; an hour by default. */
  urlLifetime?: number;
  /** True for path-style URLs (`host/bucket/key`), false for virtual-hosted ones (`bucket.host/key`). */
  pathStyle?: boolean;
  /** Bytes of a part, at least {@linkcode MIN_PART_BYTES}; 16 MiB by default. */
  partSize?: number;
  /** True if the store rejects a body that does not match `x-amz-content-sha256`. Required for `putStream`. */
  verifiesContent?: boolean;
  /** Timeout of one attempt in milliseconds; for an answer with a body, until the answer begins. */
  attemptTimeout?: number;
  /** Time for all attempts of a request, in milliseconds. */
  deadline?: number;
}

/** The options that have a default, filled in. */
export type ResolvedS3Options =
  & S3Options
  & Required<Omit<S3Options, "endpoint" | "publicEndpoint" | "cloudFrontKey">>;

/** Least bytes of a part but the last: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html. */
export const MIN_PART_BYTES = 5 * 1024 * 1024;

/**
 * Prefixes that need no escaping in a URL or a signature. Rejects a segment of dots alone, because a proxy that
 * normalizes URLs would resolve it.
 */
const PREFIX = /^(?!\/)(?!(?:.*\/)?\.{1,2}(?:\/|$))(?!.*\/\/)[A-Za-z0-9._\/-]*$/;

/** Longest prefix in characters: with the longest key it still fits S3's 1,024 bytes. */
const MAX_PREFIX_CHARACTERS = 800;

/**
 * Options with all defaults.
 *
 * @throws {RangeError} for a part that is too small, and for a prefix that would need escaping in a URL.
 */
export function resolveOptions(options: S3Options): ResolvedS3Options {
  const {
    prefix = "",
    pathStyle = false,
    urlLifetime = 60 * 60_000,
    partSize = 16 * 1024 * 1024,
    verifiesContent = true,
    attemptTimeout = 15_000,
    deadline = 30_000,
  } = options;
  if (!Number.isSafeInteger(partSize) || partSize < MIN_PART_BYTES) {
    throw new RangeError(`Cannot store parts of ${partSize} bytes: S3 requires at least ${MIN_PART_BYTES}`);
  }
  if (prefix.length > MAX_PREFIX_CHARACTERS || !PREFIX.test(prefix)) {
    throw new RangeError(`Cannot use ${JSON.stringify(prefix)} as the prefix of keys`);
  }
  return { ...options, prefix, pathStyle, urlLifetime, partSize, verifiesContent, attemptTimeout, deadline };
}
