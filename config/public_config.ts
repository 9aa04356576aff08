import * as z from "zod/mini";
import type { AccessConfig, PublicConfig } from "./configuration.ts";
import { expected, jsonOf, ofKind } from "./schema_parts.ts";
import { duration, oneOf } from "./setting_kinds.ts";

/** Maximum number of public hosts. */
const MAX_HOSTS = 100;

const hosts = expected(`a list of 1 to ${MAX_HOSTS} host names`);

/** A name or an IPv4 address (RFC 3986 §3.2.2), without a port: a client names the port that it has connected to. */
const host = z.pipe(
  z.string(expected("a host name")).check(
    z.regex(
      /^(?=.{1,253}$)[\w-]{1,63}(\.[\w-]{1,63})*$/,
      expected('a host name such as "pull.example.com", without a port'),
    ),
  ),
  z.transform((name) => name.toLowerCase()),
);

/** Schema of `public`: a map, or its JSON from the environment. */
export const publicSchema: z.ZodMiniType<PublicConfig, unknown> = jsonOf(
  "a map",
  z.strictObject({
    hosts: z.array(host, hosts).check(z.minLength(1, hosts), z.maxLength(MAX_HOSTS, hosts)),
    cdn: z.prefault(ofKind(oneOf("standard", "cloudflare", "deno", "fastly")), "standard"),
    digestTtl: z.prefault(ofKind(duration("0")), "1d"),
    // Retention counts pulls by tag, which must reach the registry: see PULL_LAG_MS in registry/retention/pull_times.ts.
    tagTtl: z.prefault(ofKind(duration("0", "1m")), "0"),
  }, expected("a map with hosts, cdn, digestTtl and tagTtl")),
);

/** Contradictions between `public` and `auth`, each with its path in `public`. */
export function publicConflicts(
  { hosts }: Pick<PublicConfig, "hosts">,
  { url, external }: Pick<AccessConfig, "url" | "external">,
): { path: (string | number)[]; message: string }[] {
  const main = new URL(url).hostname;
  const conflicts = hosts.flatMap((host, index) =>
    host === main ? [{ path: ["hosts", index], message: `"${host}" is the host of "auth.url"` }] : []
  );
  if (external === undefined) return conflicts;
  // The policies say what is public, and an external token server replaces them.
  return [...conflicts, { path: [], message: 'Cannot be combined with "auth.external"' }];
}
