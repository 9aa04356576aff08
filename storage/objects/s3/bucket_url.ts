import { isPlain, regionalUrl } from "../../aws/mod.ts";
import type { S3Options } from "./options.ts";

/** Bucket names that need no rule of the AWS SDK in a host name. A double hyphen begins the names of other services. */
const HOST_NAME = /^(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;

/** Bucket names that need no escaping in a path. */
const PATH_NAME = /^(?!.*--)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** IPv4 and IPv6 addresses, which have no subdomains. */
const ADDRESS = /^(\d+\.\d+\.\d+\.\d+|\[.*\])$/;

/**
 * The URL of the bucket without a slash at its end, as the AWS SDK would make it; `undefined` where only the SDK knows
 * it: FIPS and dual-stack addresses, other partitions, unusual names.
 */
export async function plainBucketUrl(
  { bucket, region, endpoint, pathStyle = false }: Pick<
    S3Options,
    "bucket" | "region" | "endpoint" | "pathStyle"
  >,
  env?: Parameters<typeof isPlain>[0],
): Promise<URL | undefined> {
  const service = endpoint === undefined ? regionalUrl("s3", region) : URL.parse(endpoint);
  if (!service || !await isPlain(env)) return undefined;
  const inPath = pathStyle || ADDRESS.test(service.hostname);
  if (!(pathStyle ? PATH_NAME : HOST_NAME).test(bucket)) return undefined;
  const base = service.pathname.replace(/\/$/, "");
  if (inPath) return new URL(`${service.origin}${base}/${bucket}`);
  return new URL(`${service.protocol}//${bucket}.${service.host}${base}`);
}
