import * as z from "zod/mini";
import {
  artifactKindSchema,
  boundedCountSchema,
  countSchema,
  digestSchema,
  named,
  nextSchema,
  platformSchema,
  timeSchema,
} from "./parts.ts";

/** Tag with its target. */
export const tagDetailSchema = named(
  "TagDetail",
  "Tag with facts about its manifest",
  z.object({
    tag: z.string(),
    digest: digestSchema,
    mediaType: z.string(),
    kind: artifactKindSchema,
    artifactType: z.exactOptional(z.string()),
    platforms: z.array(platformSchema).check(
      z.describe("Platforms of an index; empty for everything else. At most 100"),
    ),
    size: z.exactOptional(
      countSchema.check(
        z.describe("Compressed bytes of the manifest and its content; of an index only if all were read"),
      ),
    ),
    pushedAt: timeSchema.check(z.describe("Time of the last push of the tag, even if it did not move it")),
    movedAt: timeSchema.check(z.describe("Time since which the tag points to this digest")),
    pushedBy: z.exactOptional(
      z.string().check(z.describe("Account that moved the tag; only for callers that may change something")),
    ),
    pulledAt: z.exactOptional(timeSchema),
    moves: countSchema.check(
      z.describe("How often the tag was moved since it was created, its creation included"),
    ),
    immutable: z.boolean(),
  }),
);

/** Tag with its target. */
export type TagDetail = z.infer<typeof tagDetailSchema>;

/** Page of the tags of a repository. */
export const tagListSchema = named(
  "TagList",
  "Tags of a repository",
  z.object({
    name: z.string(),
    tags: z.array(tagDetailSchema),
    total: boundedCountSchema.check(z.describe("Tags of the repository that match the filter")),
    complete: z.boolean().check(
      z.describe(
        "False if the repository has more tags than a sorted list considers, so newer ones may be missing",
      ),
    ),
    next: nextSchema,
  }),
);

/** Page of the tags of a repository. */
export type TagList = z.infer<typeof tagListSchema>;

/** Move of a tag. */
export const tagMoveSchema = named(
  "TagMove",
  "Move of a tag",
  z.object({
    digest: digestSchema,
    mediaType: z.string(),
    at: timeSchema,
    by: z.exactOptional(z.string()),
    exists: z.boolean().check(z.describe("True if the manifest still exists, so the tag can be moved back")),
  }),
);

/** Moves of a tag, newest first. */
export const tagHistorySchema = named(
  "TagHistory",
  "Last moves of a tag, newest first",
  z.object({ name: z.string(), tag: z.string(), moves: z.array(tagMoveSchema) }),
);

/** Moves of a tag, newest first. */
export type TagHistory = z.infer<typeof tagHistorySchema>;
