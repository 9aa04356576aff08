import * as z from "zod/mini";
import {
  actionSchema,
  artifactKindSchema,
  boundedCountSchema,
  countSchema,
  digestSchema,
  named,
  nextSchema,
  textSchema,
  timeSchema,
} from "./parts.ts";

/** Tag that was pushed last, of those that were read. */
export const newestTagSchema = named(
  "NewestTag",
  "Tag that was pushed last, among the tags that were counted",
  z.object({
    tag: z.string(),
    digest: digestSchema,
    mediaType: z.string(),
    kind: artifactKindSchema,
    size: z.exactOptional(
      countSchema.check(z.describe("Compressed bytes of manifest, config and layers, if known")),
    ),
    pushedAt: timeSchema,
    pushedBy: z.exactOptional(z.string()),
  }),
);

/** Tag that was pushed last, of those that were read. */
export type NewestTag = z.infer<typeof newestTagSchema>;

const summary = {
  name: z.string(),
  createdAt: timeSchema,
  tags: boundedCountSchema,
  newest: z.exactOptional(newestTagSchema),
  pulledAt: z.exactOptional(
    timeSchema.check(z.describe("Last recorded pull of a tag; only if a retention rule depends on pulls")),
  ),
  bytes: z.exactOptional(
    countSchema.check(z.describe("Counted bytes of blobs and manifests; only in a repository with a quota")),
  ),
};

/** Entry of the list of repositories. */
export const repositorySummarySchema = named(
  "RepositorySummary",
  "Entry of the list of repositories",
  z.object(summary),
);

/** Entry of the list of repositories. */
export type RepositorySummary = z.infer<typeof repositorySummarySchema>;

/** Page of the repositories that the caller may pull from, in the order of their names. */
export const repositoryListSchema = named(
  "RepositoryList",
  "Repositories that the caller may pull from, in the order of their names",
  z.object({ repositories: z.array(repositorySummarySchema), next: nextSchema }),
);

/** Page of the repositories that the caller may pull from. */
export type RepositoryList = z.infer<typeof repositoryListSchema>;

/** A repository. Texts come from annotations of the newest tag. */
export const repositorySchema = named(
  "Repository",
  "A repository. Texts come from the annotations or labels of the newest tag",
  z.object({
    ...summary,
    title: z.exactOptional(z.string()),
    description: z.exactOptional(z.string()),
    readme: z.exactOptional(textSchema),
    vendor: z.exactOptional(z.string()),
    licenses: z.exactOptional(z.string()),
    source: z.exactOptional(z.string().check(z.describe("URL as it was pushed, unchecked"))),
    url: z.exactOptional(z.string().check(z.describe("URL as it was pushed, unchecked"))),
    documentation: z.exactOptional(z.string().check(z.describe("URL as it was pushed, unchecked"))),
    rights: z.array(actionSchema).check(z.describe("What the caller may do here")),
    immutable: z.array(z.string()).check(z.describe("Patterns of tags that no push may move")),
    deletes: z.object({ tags: z.boolean(), manifests: z.boolean() }).check(
      z.describe("Deletes that the configuration enables"),
    ),
    signatures: z.exactOptional(
      z.enum(["audit", "enforce"]).check(z.describe("Mode of the policy that requires signatures here")),
    ),
  }),
);

/** A repository. */
export type Repository = z.infer<typeof repositorySchema>;
