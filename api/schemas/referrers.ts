import * as z from "zod/mini";
import {
  annotationsSchema,
  artifactKindSchema,
  boundedCountSchema,
  countSchema,
  digestSchema,
  factSchema,
  named,
  nextSchema,
  textSchema,
} from "./parts.ts";

const referrer = {
  digest: digestSchema,
  mediaType: z.string(),
  kind: artifactKindSchema,
  artifactType: z.exactOptional(z.string()),
  manifestSize: countSchema,
  annotations: annotationsSchema,
  tag: z.exactOptional(
    z.string().check(
      z.describe("Tag by which cosign or the referrers tag schema attached it; not by subject"),
    ),
  ),
};

/** Referrer of a referrer, such as the signature of an SBOM. */
export const innerReferrerSchema = named(
  "InnerReferrer",
  "Referrer of a referrer, such as the signature of an SBOM",
  z.object(referrer),
);

/** Referrer of a referrer. */
export type InnerReferrer = z.infer<typeof innerReferrerSchema>;

/** Manifest that refers to another one. */
export const referrerSchema = named(
  "Referrer",
  "Manifest that refers to another one",
  z.object({
    ...referrer,
    referrers: z.exactOptional(
      z.object({ items: z.array(innerReferrerSchema), more: z.boolean() }).check(
        z.describe("Its own referrers; absent if they were not looked up"),
      ),
    ),
  }),
);

/** Manifest that refers to another one. */
export type Referrer = z.infer<typeof referrerSchema>;

/** Page of the referrers of a digest. */
export const referrerListSchema = named(
  "ReferrerList",
  "Referrers of a digest",
  z.object({
    name: z.string(),
    subject: digestSchema,
    exists: z.boolean().check(z.describe("True if the repository has the subject")),
    referrers: z.array(referrerSchema),
    next: nextSchema,
  }),
);

/** Page of the referrers of a digest. */
export type ReferrerList = z.infer<typeof referrerListSchema>;

/** Package of an SBOM. */
export const packageSchema = named(
  "Package",
  "Package of an SBOM",
  z.object({
    name: z.string(),
    version: z.exactOptional(z.string()),
    license: z.exactOptional(z.string()),
    purl: z.exactOptional(z.string()),
  }),
);

/** Package of an SBOM. */
export type Package = z.infer<typeof packageSchema>;

/** Severities of vulnerabilities, the worst first. */
export const SEVERITIES = ["critical", "high", "medium", "low", "unknown"] as const;

/** Known vulnerability of a package. */
export const vulnerabilitySchema = named(
  "Vulnerability",
  "Known vulnerability of a package",
  z.object({
    id: z.string(),
    severity: z.enum(SEVERITIES),
    package: z.exactOptional(z.string()),
    installed: z.exactOptional(z.string()),
    fixed: z.exactOptional(z.string()),
    title: z.exactOptional(z.string()),
  }),
);

/** Known vulnerability of a package. */
export type Vulnerability = z.infer<typeof vulnerabilitySchema>;

/** Numbers of vulnerabilities by severity. */
export const severityCountsSchema = z.object({
  critical: countSchema,
  high: countSchema,
  medium: countSchema,
  low: countSchema,
  unknown: countSchema,
});

const head = {
  digest: digestSchema.check(z.describe("Blob that was read")),
  mediaType: z.string(),
  size: countSchema,
  title: z.exactOptional(z.string()),
};

/** Subject of an in-toto statement. */
const subjectsSchema = z.array(z.object({ name: z.string(), digest: z.string() }));

/** Content of a referrer, by its type. Lists are cut at a limit; `total` counts all. */
export const contentSchema = named(
  "ReferrerContent",
  "Content of a blob of a referrer, by its type. Lists are cut at a limit, and total counts all",
  z.discriminatedUnion("type", [
    z.object({
      type: z.literal("sbom"),
      ...head,
      format: z.enum(["SPDX", "CycloneDX"]),
      formatVersion: z.exactOptional(z.string()),
      name: z.exactOptional(z.string()),
      created: z.exactOptional(z.string()),
      tools: z.array(z.string()),
      packages: z.object({ items: z.array(packageSchema), total: countSchema }),
    }),
    z.object({
      type: z.literal("provenance"),
      ...head,
      predicateType: z.string(),
      subjects: subjectsSchema,
      builder: z.exactOptional(z.string()),
      buildType: z.exactOptional(z.string()),
      started: z.exactOptional(z.string()),
      finished: z.exactOptional(z.string()),
      dependencies: z.object({
        items: z.array(z.object({ uri: z.string(), digest: z.exactOptional(z.string()) })),
        total: countSchema,
      }),
      parameters: z.array(factSchema),
    }),
    z.object({
      type: z.literal("statement"),
      ...head,
      predicateType: z.string(),
      subjects: subjectsSchema,
      predicate: textSchema,
    }),
    z.object({
      type: z.literal("vex"),
      ...head,
      author: z.exactOptional(z.string()),
      created: z.exactOptional(z.string()),
      statements: z.object({
        items: z.array(z.object({
          vulnerability: z.string(),
          status: z.string(),
          justification: z.exactOptional(z.string()),
          products: z.array(z.string()),
        })),
        total: countSchema,
      }),
    }),
    z.object({
      type: z.literal("vulnerabilities"),
      ...head,
      scanner: z.exactOptional(z.string()),
      created: z.exactOptional(z.string()),
      counts: severityCountsSchema,
      vulnerabilities: z.object({ items: z.array(vulnerabilitySchema), total: countSchema }),
    }),
    z.object({
      type: z.literal("signature"),
      ...head,
      format: z.enum(["cosign", "sigstore bundle", "notation"]),
      facts: z.array(factSchema).check(z.describe("What the signature says about itself, unverified")),
    }),
    z.object({ type: z.literal("text"), ...head, content: textSchema }),
    z.object({
      type: z.literal("bytes"),
      ...head,
      problem: z.exactOptional(z.string().check(z.describe("Why the content could not be read"))),
    }),
  ]),
);

/** Content of a blob of a referrer. */
export type ReferrerContent = z.infer<typeof contentSchema>;

/** Referrer with its contents. */
export const referrerViewSchema = named(
  "ReferrerView",
  "Referrer with the contents of its first blobs",
  z.object({
    name: z.string(),
    ...referrer,
    subject: z.exactOptional(digestSchema),
    contents: z.array(contentSchema),
    blobs: boundedCountSchema.check(z.describe("Blobs of the referrer; the first ones are in contents")),
  }),
);

/** Referrer with its contents. */
export type ReferrerView = z.infer<typeof referrerViewSchema>;
