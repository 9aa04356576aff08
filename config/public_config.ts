import * as z from "zod/mini";
import type { PurgeOptions } from "../purge/mod.ts";
import type { AccessConfig, PublicConfig } from "./configuration.ts";
import { expected, jsonOf, ofKind } from "./schema_parts.ts";
import { duration, endpoint, oneOf } from "./setting_kinds.ts";

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

/** Name or id in the path of a URL. */
const id = z.string(expected("an id")).check(
  z.regex(/^\w{1,64}$/, expected('an id such as "E2QWRUHAPOMQZL"')),
);

const purgeMap = expected("a map with one of varnish, fastly, cloudflare, cloudfront and deno");

/** Schema of `purge`. */
const purge = z.pipe(
  z.strictObject({
    varnish: z.exactOptional(
      z.array(ofKind(endpoint), expected("a list of URLs")).check(
        z.minLength(1, "Expected at least one URL"),
      ),
    ),
    fastly: z.exactOptional(id),
    cloudflare: z.exactOptional(id),
    cloudfront: z.exactOptional(id),
    deno: z.exactOptional(z.literal(true, expected("true"))),
  }, purgeMap).check(z.refine((caches) => Object.keys(caches).length === 1, purgeMap)),
  z.transform((caches) => caches as PurgeOptions),
);

/** Dialect of the headers that each cache needs, or it has no tags to purge by. */
const DIALECT_OF: Record<string, PublicConfig["cdn"]> = {
  varnish: "standard",
  cloudfront: "standard",
  cloudflare: "cloudflare",
  deno: "deno",
  fastly: "fastly",
};

/** Schema of `public`: a map, or its JSON from the environment. */
export const publicSchema: z.ZodMiniType<PublicConfig, unknown> = jsonOf(
  "a map",
  z.strictObject({
    hosts: z.array(host, hosts).check(z.minLength(1, hosts), z.maxLength(MAX_HOSTS, hosts)),
    cdn: z.prefault(ofKind(oneOf("standard", "cloudflare", "deno", "fastly")), "standard"),
    digestTtl: z.prefault(ofKind(duration("0")), "1d"),
    // Retention counts pulls by tag, which must reach the registry: see PULL_LAG_MS in registry/retention/pull_times.ts.
    tagTtl: z.prefault(ofKind(duration("0", "1m")), "0"),
    purge: z.exactOptional(purge),
  }, expected("a map with hosts, cdn, digestTtl, tagTtl and purge")).check(
    z.superRefine(({ cdn, purge = {} }, context) => {
      const [cache] = Object.keys(purge);
      const needed = cache === undefined ? cdn : DIALECT_OF[cache]!;
      if (cdn === needed) return;
      context.addIssue({ code: "custom", path: ["purge"], message: `"${cache}" needs "cdn: ${needed}"` });
    }),
  ),
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
