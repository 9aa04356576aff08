import * as z from "zod/mini";

/** Gives a schema its name in the OpenAPI document, and its description. */
export function named<S extends z.core.$ZodType>(id: string, description: string, schema: S): S {
  z.globalRegistry.add(schema, { id, description });
  return schema;
}

/** Digest of the specification's grammar. A layer may have one of an algorithm that this registry cannot compute. */
export const digestSchema = named(
  "Digest",
  "Digest of content, such as sha256:6c3c624b58dbbcd3c0dd82b4c53f04194d1247c6eebdaab7c610cf7d66709b3b",
  z.string().check(z.regex(/^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[A-Za-z0-9=_-]+$/)),
);

/** Point in time, RFC 3339 in UTC. */
export const timeSchema = named(
  "Time",
  "Point in time, RFC 3339 in UTC",
  z.string().check(z.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)),
);

/** Number of bytes, or of things. */
export const countSchema = z.int().check(z.nonnegative());

/** Position of the next page of a list, for `last`; absent on the last page. */
export const nextSchema = z.exactOptional(
  z.string().check(z.describe('Value of "last" for the next page; absent on the last page')),
);

/** Number of things that are counted up to a limit. */
export const boundedCountSchema = named(
  "BoundedCount",
  "Number of things, counted up to a limit",
  z.object({
    count: countSchema,
    more: z.boolean().check(z.describe("True if there are more than were counted")),
  }),
);

/** Number of things that are counted up to a limit. */
export type BoundedCount = z.infer<typeof boundedCountSchema>;

/** Text of content, up to a limit. */
export const textSchema = named(
  "Text",
  "Text of content, up to a limit. A client must treat it as untrusted",
  z.object({
    mediaType: z.string(),
    text: z.string(),
    truncated: z.boolean().check(z.describe("True if the content has more")),
  }),
);

/** Text of content, up to a limit. */
export type Text = z.infer<typeof textSchema>;

/** Annotations, or labels: untrusted texts by their names. */
export const annotationsSchema = named(
  "Annotations",
  "Annotations or labels. A client must treat names and values as untrusted",
  z.record(z.string(), z.string()),
);

/** Annotations, or labels: untrusted texts by their names. */
export type Annotations = z.infer<typeof annotationsSchema>;

/** Platform of an image, as in image-spec's image index. */
export const platformSchema = named(
  "Platform",
  "Platform of an image",
  z.object({
    os: z.string(),
    architecture: z.string(),
    variant: z.exactOptional(z.string()),
    osVersion: z.exactOptional(z.string()),
  }),
);

/** Platform of an image. */
export type Platform = z.infer<typeof platformSchema>;

/** Name with its value: a fact that is shown as a row. */
export const factSchema = named(
  "Fact",
  "Name with its value. A client must treat both as untrusted",
  z.object({ name: z.string(), value: z.string() }),
);

/** Name with its value. */
export type Fact = z.infer<typeof factSchema>;

/** Action of the policies. */
export const actionSchema = z.enum(["pull", "push", "overwrite", "delete", "administer"]);

/** Kinds of artifacts, told by their media types. */
export const ARTIFACT_KINDS = [
  "image",
  "index",
  "helm-chart",
  "wasm",
  "model",
  "flux",
  "opa-bundle",
  "compose",
  "build-cache",
  "docker-plugin",
  "singularity",
  "cosign-signature",
  "sigstore-bundle",
  "notation-signature",
  "attestation",
  "spdx",
  "cyclonedx",
  "vex",
  "vulnerabilities",
  "text",
  "artifact",
] as const;

/** Kind of an artifact; `artifact` for an unknown one. */
export const artifactKindSchema = named(
  "ArtifactKind",
  "Kind of an artifact, told by its media types",
  z.enum(ARTIFACT_KINDS),
);

/** Kind of an artifact; `artifact` for an unknown one. */
export type ArtifactKind = z.infer<typeof artifactKindSchema>;
