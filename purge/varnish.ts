import type { PurgeTarget } from "../registry/mod.ts";
import { send } from "./send.ts";

/** Cache tags of one call. Each is a request to each server. */
const MAX_TAGS = 50;

/**
 * Varnish servers whose VCL removes content by `BAN` with a cache tag in `X-Cache-Tag`, as that of docs/caching.md does.
 * A server that does not answer fails the purge, because it may have the content.
 */
export function varnish(urls: string[]): PurgeTarget {
  return {
    maxTags: MAX_TAGS,
    async purge(tags) {
      await Promise.all(urls.map(async (url) => {
        for (const tag of tags) {
          await send("Varnish", { method: "BAN", url: `${url}/`, headers: { "X-Cache-Tag": tag } });
        }
      }));
    },
  };
}
