import * as z from "zod/mini";
import { actionSchema, countSchema, digestSchema, named, nextSchema, timeSchema } from "./parts.ts";

/** Token of a robot account, or personal access token of a user. */
export const accountTokenSchema = named(
  "AccountToken",
  "Robot token or personal access token, without its text",
  z.object({
    id: z.string(),
    kind: z.enum(["robot", "user"]),
    name: z.string().check(z.describe("Name of the robot account or of the user")),
    description: z.string(),
    grants: z.exactOptional(z.array(z.string())),
    createdAt: timeSchema,
    createdBy: z.string(),
    expiresAt: z.exactOptional(timeSchema),
    usedAt: z.exactOptional(timeSchema),
    suspended: z.exactOptional(z.boolean()),
  }),
);

/** Token of a robot account, or personal access token of a user. */
export type AccountToken = z.infer<typeof accountTokenSchema>;

/** Page of the tokens of all accounts. */
export const accountTokenListSchema = named(
  "AccountTokenList",
  "Tokens of all accounts",
  z.object({ tokens: z.array(accountTokenSchema), next: nextSchema }),
);

/** Page of the tokens of all accounts. */
export type AccountTokenList = z.infer<typeof accountTokenListSchema>;

/** Upload that has not ended. */
export const openUploadSchema = named(
  "OpenUpload",
  "Upload that has not ended",
  z.object({
    id: z.string(),
    repository: z.string(),
    principal: z.string(),
    state: z.enum(["open", "committing"]),
    bytes: countSchema,
    expiresAt: timeSchema,
  }),
);

/** Upload that has not ended. */
export type OpenUpload = z.infer<typeof openUploadSchema>;

/** Page of the open uploads of the whole registry. */
export const openUploadListSchema = named(
  "OpenUploadList",
  "Open uploads of the whole registry. A page may be empty although a next one exists",
  z.object({ uploads: z.array(openUploadSchema), next: nextSchema }),
);

/** Page of the open uploads. */
export type OpenUploadList = z.infer<typeof openUploadListSchema>;

/** Quota, and its use. */
export const quotaUseSchema = named(
  "QuotaUse",
  "Quota of a pattern of repositories, and its use",
  z.object({
    repositories: z.string().check(z.describe("Pattern of names")),
    limit: countSchema.check(z.describe("Bytes")),
    used: countSchema.check(z.describe("Bytes, as counted")),
    complete: z.boolean().check(z.describe("False if the pattern has more repositories than were summed up")),
  }),
);

/** Quotas, and their use. */
export const quotaListSchema = named(
  "QuotaList",
  "Quotas, and their use",
  z.object({ quotas: z.array(quotaUseSchema) }),
);

/** Quotas, and their use. */
export type QuotaList = z.infer<typeof quotaListSchema>;

/** Storage that a repository takes, as far as it was measured. */
export const storageUseSchema = named(
  "StorageUse",
  "Bytes of a repository. A large repository is measured in several pages, whose numbers add up",
  z.object({
    name: z.string(),
    blobs: countSchema,
    manifests: countSchema,
    own: countSchema.check(z.describe("Bytes of blobs that only this repository has")),
    shared: countSchema.check(z.describe("Bytes of blobs that other repositories have too")),
    manifestBytes: countSchema,
    part: z.boolean().check(z.describe("True if other pages have more of this repository")),
  }),
);

/** Storage that a repository takes, as far as it was measured. */
export type StorageUse = z.infer<typeof storageUseSchema>;

/** Page of the storage of all repositories. */
export const storageListSchema = named(
  "StorageList",
  "Storage by repository, in the order of their names",
  z.object({ repositories: z.array(storageUseSchema), next: nextSchema }),
);

/** Page of the storage of all repositories. */
export type StorageList = z.infer<typeof storageListSchema>;

/** Step of a preview of garbage collection. */
export const collectionPreviewSchema = named(
  "CollectionPreview",
  "Garbage that a full pass would remove, in one step of it",
  z.object({
    scanned: countSchema,
    removals: z.array(z.object({
      kind: z.string().check(z.describe("Kind of the item, such as blob, link or upload")),
      repository: z.exactOptional(z.string()),
      name: z.string(),
      reason: z.string(),
      size: z.exactOptional(countSchema.check(z.describe("Bytes of content"))),
    })),
    next: nextSchema,
  }),
);

/** Step of a preview of garbage collection. */
export type CollectionPreview = z.infer<typeof collectionPreviewSchema>;

/** Preview of retention in one repository. */
export const retentionPreviewSchema = named(
  "RetentionPreview",
  "Tags and manifests that retention would remove from a repository",
  z.object({
    name: z.string(),
    rules: countSchema.check(z.describe("Rules that are configured")),
    retirements: z.array(z.object({
      kind: z.enum(["tag", "manifest"]),
      name: z.string().check(z.describe("The tag or the digest")),
      digest: digestSchema,
      reason: z.string(),
    })),
    complete: z.boolean().check(z.describe("False if there are more than the answer has")),
  }),
);

/** Preview of retention in one repository. */
export type RetentionPreview = z.infer<typeof retentionPreviewSchema>;

/** Explained decision of the policies. */
export const explanationSchema = named(
  "Explanation",
  "Decision of the policies with its reasons",
  z.object({
    who: z.string(),
    action: actionSchema,
    repository: z.string(),
    allowed: z.boolean(),
    because: z.array(z.string()),
  }),
);

/** Explained decision of the policies. */
export type Explanation = z.infer<typeof explanationSchema>;

/** State of the process and of its background work. */
export const statusSchema = named(
  "Status",
  "State of the process that answers, and of the background work of the registry",
  z.object({
    version: z.string(),
    startedAt: timeSchema,
    ready: z.boolean(),
    warnings: z.array(z.string()),
    readOnly: z.boolean(),
    work: z.array(z.object({
      name: z.string(),
      state: z.string(),
      progress: z.exactOptional(z.number().check(z.describe("From 0 to 1"))),
      until: z.exactOptional(timeSchema),
    })).check(z.describe("Leases of background work")),
  }),
);

/** State of the process and of its background work. */
export type Status = z.infer<typeof statusSchema>;
