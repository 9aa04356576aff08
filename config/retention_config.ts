import type { KeepTags, RetentionRule } from "../registry/mod.ts";
import { defaulting, fields, integer, list, optional, type Schema, then } from "../oci/schema.ts";
import { jsonOf, ofKind, patterns } from "./schema_parts.ts";
import { duration } from "./setting_kinds.ts";

/** Maximum of `newest`: that many tags are held in memory. */
const MAX_NEWEST_TAGS = 10_000;

const CRITERIA = ["newest", "pushedWithin", "pulledWithin"] as const;

const keepTags = then(
  fields<KeepTags>("a map with any of tags, newest, pushedWithin, pulledWithin", {
    tags: defaulting(patterns, ["*"]),
    newest: optional(integer(1, MAX_NEWEST_TAGS)),
    pushedWithin: optional(ofKind(duration("1s"))),
    pulledWithin: optional(ofKind(duration("1s"))),
  }),
  (keep, place) => {
    const given = CRITERIA.filter((key) => keep[key] !== undefined);
    if (given.length < 2) return keep;
    // Two criteria in one entry could mean "both" or "either". Guessing wrong would delete tags.
    return place.refuse(`Expected one of ${given.join(" and ")}: use a separate entry for each`);
  },
);

const rule = fields<RetentionRule>("a map with repositories and any of keepTags, untaggedFor", {
  repositories: patterns,
  keepTags: optional(list(keepTags, {
    what: "a list",
    min: [1, "Expected at least one entry: without keepTags every tag stays"],
  })),
  untaggedFor: optional(ofKind(duration("0"))),
});

/** Schema of the retention rules: a list, or a JSON list from the environment. */
export const retentionSchema: Schema<RetentionRule[]> = jsonOf(
  "rules",
  list(rule, { what: "a list of rules" }),
  [],
);
