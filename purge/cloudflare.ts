import type { PurgeTarget } from "../registry/mod.ts";
import { refused, send } from "./send.ts";

/** Maximum tags of one request, https://developers.cloudflare.com/cache/how-to/purge-cache/. */
const MAX_TAGS = 100;

/** Options of {@linkcode cloudflare}. */
export interface CloudflareOptions {
  /** Id of the zone. */
  zone: string;
  /** Reads the API token, which needs the permission to purge the cache of the zone. */
  token: () => Promise<string>;
  /** URL of the API. */
  endpoint?: string;
}

/** A zone of Cloudflare. */
export function cloudflare(
  { zone, token, endpoint = "https://api.cloudflare.com/client/v4" }: CloudflareOptions,
): PurgeTarget {
  return {
    maxTags: MAX_TAGS,
    async purge(tags) {
      const reply = await send("Cloudflare", {
        method: "POST",
        url: `${endpoint}/zones/${zone}/purge_cache`,
        headers: { "Authorization": `Bearer ${await token()}`, "Content-Type": "application/json" },
        body: JSON.stringify({ tags }),
      });
      if (!isSuccess(reply.text)) throw refused("Cloudflare", reply);
    },
  };
}

/** True for the body of an answer to a request that was carried out. */
function isSuccess(text: string): boolean {
  try {
    return (JSON.parse(text) as { success?: unknown } | null)?.success === true;
  } catch {
    return false;
  }
}
