import * as z from "zod/mini";
import { boundedCountSchema, countSchema, digestSchema, named } from "./parts.ts";

/** Body of the request that moves a tag. */
export const tagTargetSchema = named(
  "TagTarget",
  "New target of a tag",
  z.strictObject({ digest: digestSchema.check(z.describe("Digest of a manifest of the repository")) }),
);

/** Move of a tag that was made, or would be. */
export const tagChangeSchema = named(
  "TagChange",
  "Move of a tag that was made, or would be",
  z.object({
    name: z.string(),
    tag: z.string(),
    dryRun: z.boolean(),
    before: z.exactOptional(digestSchema.check(z.describe("Earlier target; absent if the tag is new"))),
    after: digestSchema,
  }),
);

/** Move of a tag that was made, or would be. */
export type TagChange = z.infer<typeof tagChangeSchema>;

/** Delete of a tag that was made, or would be. */
export const tagDeletionSchema = named(
  "TagDeletion",
  "Delete of a tag that was made, or would be. Its manifest stays",
  z.object({
    name: z.string(),
    tag: z.string(),
    dryRun: z.boolean(),
    digest: digestSchema,
    otherTags: z.object({ items: z.array(z.string()), more: z.boolean() }).check(
      z.describe("Tags that still point to the manifest"),
    ),
    inIndexes: boundedCountSchema.check(z.describe("Indexes that contain the manifest")),
    untagged: z.boolean().check(
      z.describe("True if no tag and no index has the manifest then, so that retention may remove it"),
    ),
  }),
);

/** Delete of a tag that was made, or would be. */
export type TagDeletion = z.infer<typeof tagDeletionSchema>;

/** Delete of a manifest that was made, or would be. */
export const manifestDeletionSchema = named(
  "ManifestDeletion",
  "Delete of a manifest that was made, or would be",
  z.object({
    name: z.string(),
    digest: digestSchema,
    dryRun: z.boolean(),
    tags: z.object({ items: z.array(z.string()), more: z.boolean() }).check(
      z.describe("Tags that point to it, which are deleted too"),
    ),
    inIndexes: z.object({ items: z.array(digestSchema), more: z.boolean() }).check(
      z.describe("Indexes that contain it. They stay, and the platform is missing then"),
    ),
    referrers: boundedCountSchema.check(z.describe("Signatures, SBOMs and the like. They stay")),
    children: countSchema.check(z.describe("Children of an index. They stay, untagged")),
    blobs: z.object({
      count: countSchema,
      bytes: countSchema,
      kept: countSchema.check(z.describe("Blobs that another manifest of the repository has too")),
      complete: z.boolean().check(z.describe("False if the manifest has more blobs than were looked up")),
    }).check(z.describe("Config and layers that no other manifest of the repository has")),
  }),
);

/** Delete of a manifest that was made, or would be. */
export type ManifestDeletion = z.infer<typeof manifestDeletionSchema>;

/** Delete of a repository that would be made. */
export const repositoryDeletionSchema = named(
  "RepositoryDeletion",
  "Content that the delete of a repository would remove",
  z.object({
    name: z.string(),
    dryRun: z.boolean(),
    tags: countSchema,
    manifests: countSchema,
    blobs: countSchema,
    kept: countSchema.check(z.describe("Blobs that stay for a while, because a push may need them")),
  }),
);

/** Delete of a repository that was made, or would be. */
export type RepositoryDeletion = z.infer<typeof repositoryDeletionSchema>;
