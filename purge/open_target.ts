import type { PurgeTarget } from "../registry/mod.ts";
import { credentialsFor } from "../storage/aws/mod.ts";
import { cloudflare } from "./cloudflare.ts";
import { cloudfront } from "./cloudfront.ts";
import { denoCdn } from "./deno_cdn.ts";
import { fastly } from "./fastly.ts";
import { varnish } from "./varnish.ts";

/** The shared cache to purge: exactly one of these. */
export type PurgeOptions =
  /** URLs of Varnish servers. */
  | { varnish: string[] }
  /** Id of a service. */
  | { fastly: string }
  /** Id of a zone. */
  | { cloudflare: string }
  /** Id of a distribution. */
  | { cloudfront: string }
  /** The CDN of the app. */
  | { deno: true };

/** Means of a target to prove its rights. */
export interface TargetMeans {
  /** Reads the API token, for each purge, so that it can be rotated. */
  token: () => Promise<string>;
  /** AWS region of the credentials. */
  region: string;
}

/** The shared cache that these options name. Sends nothing yet. */
export function openTarget(options: PurgeOptions, { token, region }: TargetMeans): PurgeTarget {
  if ("varnish" in options) return varnish(options.varnish);
  if ("fastly" in options) return fastly({ service: options.fastly, token });
  if ("cloudflare" in options) return cloudflare({ zone: options.cloudflare, token });
  if ("cloudfront" in options) {
    return cloudfront({
      distribution: options.cloudfront,
      credentials: credentialsFor(region || "us-east-1"),
    });
  }
  return denoCdn();
}
