import * as z from "zod/mini";
import type { RetentionRule } from "../registry/mod.ts";
import { expected, jsonOf, ofKind, patterns } from "./schema_parts.ts";
import { duration } from "./setting_kinds.ts";

/** Maximum of `newest`: that many tags are held in memory. */
const MAX_NEWEST_TAGS = 10_000;

const count = expected(`a whole number from 1 to ${MAX_NEWEST_TAGS}`);

const CRITERIA = ["newest", "pushedWithin", "pulledWithin"] as const;

const keepTags = z.strictObject({
  tags: z._default(patterns, ["*"]),
  newest: z.exactOptional(z.int(count).check(z.minimum(1, count), z.maximum(MAX_NEWEST_TAGS, count))),
  pushedWithin: z.exactOptional(ofKind(duration("1s"))),
  pulledWithin: z.exactOptional(ofKind(duration("1s"))),
}, expected("a map with any of tags, newest, pushedWithin, pulledWithin")).check(
  z.superRefine((keep, context) => {
    const given = CRITERIA.filter((key) => keep[key] !== undefined);
    if (given.length < 2) return;
    // Two criteria in one entry could mean "both" or "either". Guessing wrong would delete tags.
    context.addIssue({
      code: "custom",
      message: `Expected one of ${given.join(" and ")}: use a separate entry for each`,
    });
  }),
);

const rule = z.strictObject({
  repositories: patterns,
  keepTags: z.exactOptional(
    z.array(keepTags, expected("a list")).check(
      z.minLength(1, "Expected at least one entry: without keepTags every tag stays"),
    ),
  ),
  untaggedFor: z.exactOptional(ofKind(duration("0"))),
}, expected("a map with repositories and any of keepTags, untaggedFor"));

/** Schema of the retention rules: a list, or a JSON list from the environment. */
export const retentionSchema: z.ZodMiniType<RetentionRule[], unknown> = jsonOf(
  "rules",
  z.array(rule, expected("a list of rules")),
  [],
);
