import { hash } from "node:crypto";
import type { PurgeTarget } from "../registry/mod.ts";
import { type CredentialSource, Signature } from "../storage/aws/mod.ts";
import { send } from "./send.ts";

/**
 * Tags of one request. 3,000 items may be in progress for a distribution,
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/InvalidationLimits.html.
 */
const MAX_TAGS = 1000;

/** The region that signs for CloudFront, which is in none. */
const REGION = "us-east-1";

/** Options of {@linkcode cloudfront}. */
export interface CloudFrontOptions {
  /** Id of the distribution, whose `CacheTagConfig` names the header `Cache-Tag`. */
  distribution: string;
  /** Credentials with the right `cloudfront:CreateInvalidation`. */
  credentials: CredentialSource;
  /** URL of the API. */
  endpoint?: string;
}

/**
 * A distribution of CloudFront. An item of an invalidation that begins with `#` is a cache tag,
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-tags.html.
 */
export function cloudfront(
  { distribution, credentials, endpoint = "https://cloudfront.amazonaws.com" }: CloudFrontOptions,
): PurgeTarget {
  const signature = new Signature("cloudfront", REGION);
  const url = new URL(`${endpoint}/2020-05-31/distribution/${distribution}/invalidation`);
  return {
    maxTags: MAX_TAGS,
    async purge(tags) {
      const body = invalidationOf(tags);
      const request = {
        method: "POST",
        host: url.host,
        path: url.pathname,
        headers: { "content-type": "application/xml" },
        payload: hash("sha256", body),
      };
      const headers = signature.sign(request, await credentials(), new Date());
      await send("CloudFront", { method: request.method, url: url.href, headers, body });
    },
  };
}

/** Body of CreateInvalidation. Cache tags have no character that XML would escape. */
function invalidationOf(tags: string[]): string {
  const items = tags.map((tag) => `<Path>#${tag}</Path>`).join("");
  // CloudFront ignores a request with the reference of an earlier one.
  return '<?xml version="1.0" encoding="UTF-8"?>\n' +
    '<InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">' +
    `<Paths><Quantity>${tags.length}</Quantity><Items>${items}</Items></Paths>` +
    `<CallerReference>skerry-${crypto.randomUUID()}</CallerReference></InvalidationBatch>`;
}
