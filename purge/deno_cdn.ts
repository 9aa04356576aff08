import type { PurgeTarget } from "../registry/mod.ts";
import { send } from "./send.ts";

/** Maximum tags of one request, https://docs.deno.com/deploy/reference/caching/. */
const MAX_TAGS = 500;

/** The CDN of Deno Deploy. Only the app can reach it, under a host that the platform provides. */
export function denoCdn(endpoint = "http://cache.localhost"): PurgeTarget {
  return {
    maxTags: MAX_TAGS,
    async purge(tags) {
      await send("the CDN of Deno Deploy", {
        method: "POST",
        url: `${endpoint}/invalidate/http`,
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ tags }),
      });
    },
  };
}
