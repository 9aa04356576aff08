import type { PurgeTarget } from "../registry/mod.ts";
import { send } from "./send.ts";

/** Maximum keys of one request, https://www.fastly.com/documentation/reference/api/purging/#bulk-purge-tag. */
const MAX_TAGS = 256;

/** Options of {@linkcode fastly}. */
export interface FastlyOptions {
  /** Id of the service. */
  service: string;
  /** Reads the API token, which needs the scope `purge_select`. */
  token: () => Promise<string>;
  /** URL of the API. */
  endpoint?: string;
}

/** A service of Fastly. */
export function fastly(
  { service, token, endpoint = "https://api.fastly.com" }: FastlyOptions,
): PurgeTarget {
  return {
    maxTags: MAX_TAGS,
    async purge(tags) {
      await send("Fastly", {
        method: "POST",
        url: `${endpoint}/service/${service}/purge`,
        headers: {
          "Fastly-Key": await token(),
          "Accept": "application/json",
          "Content-Type": "application/json",
        },
        body: JSON.stringify({ surrogate_keys: tags }),
      });
    },
  };
}
