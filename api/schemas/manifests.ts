import * as z from "zod/mini";
import {
  annotationsSchema,
  artifactKindSchema,
  boundedCountSchema,
  countSchema,
  digestSchema,
  factSchema,
  named,
  platformSchema,
  textSchema,
  timeSchema,
} from "./parts.ts";

/** Layer of an image, or blob of an artifact. */
export const layerSchema = named(
  "Layer",
  "Layer of an image, or blob of an artifact",
  z.object({
    digest: digestSchema,
    mediaType: z.string(),
    size: countSchema.check(z.describe("Compressed bytes")),
    title: z.exactOptional(z.string().check(z.describe("File name: org.opencontainers.image.title"))),
    createdBy: z.exactOptional(z.string().check(z.describe("Instruction that made the layer"))),
    comment: z.exactOptional(z.string()),
    created: z.exactOptional(z.string()),
    foreign: z.boolean().check(z.describe("True for a non-distributable layer, which clients do not push")),
    annotations: annotationsSchema,
  }),
);

/** Layer of an image, or blob of an artifact. */
export type Layer = z.infer<typeof layerSchema>;

/** Step of the build of an image. */
export const historyStepSchema = named(
  "HistoryStep",
  "Step of the build of an image, oldest first",
  z.object({
    createdBy: z.exactOptional(z.string()),
    comment: z.exactOptional(z.string()),
    created: z.exactOptional(z.string().check(z.describe("Time as it was pushed, unchecked"))),
    author: z.exactOptional(z.string()),
    layer: z.exactOptional(countSchema.check(z.describe("Index of the layer; absent for an empty step"))),
  }),
);

/** Step of the build of an image. */
export type HistoryStep = z.infer<typeof historyStepSchema>;

/** Configuration of an image. */
export const imageSchema = named(
  "Image",
  "Configuration of an image, as image-spec describes it",
  z.object({
    platform: z.exactOptional(platformSchema),
    created: z.exactOptional(z.string().check(z.describe("Time as it was pushed, unchecked"))),
    author: z.exactOptional(z.string()),
    user: z.exactOptional(z.string()),
    workingDir: z.exactOptional(z.string()),
    entrypoint: z.array(z.string()),
    command: z.array(z.string()),
    environment: z.array(factSchema),
    ports: z.array(z.string()),
    volumes: z.array(z.string()),
    labels: annotationsSchema,
    stopSignal: z.exactOptional(z.string()),
    history: z.array(historyStepSchema),
    historyFits: z.boolean().check(
      z.describe(
        "True if the history names as many layers as the manifest has; otherwise no step has a layer",
      ),
    ),
  }),
);

/** Configuration of an image. */
export type Image = z.infer<typeof imageSchema>;

/** Child of an index. */
export const childSchema = named(
  "Child",
  "Child of an index",
  z.object({
    digest: digestSchema,
    mediaType: z.string(),
    kind: artifactKindSchema,
    artifactType: z.exactOptional(z.string()),
    platform: z.exactOptional(platformSchema),
    manifestSize: countSchema,
    size: z.exactOptional(countSchema.check(z.describe("Compressed bytes of manifest, config and layers"))),
    exists: z.exactOptional(
      z.boolean().check(z.describe("False if the child is missing; absent if it was not looked up")),
    ),
    attests: z.exactOptional(
      digestSchema.check(z.describe("Child that this one is BuildKit's attestation of")),
    ),
    annotations: annotationsSchema,
  }),
);

/** Child of an index. */
export type Child = z.infer<typeof childSchema>;

/** Helm chart. */
export const chartSchema = named(
  "Chart",
  "Helm chart",
  z.object({
    facts: z.array(factSchema).check(z.describe("Texts of Chart.yaml: name, version, appVersion and so on")),
    dependencies: z.array(z.object({ name: z.string(), version: z.string(), repository: z.string() })),
    values: z.exactOptional(textSchema.check(z.describe("values.yaml"))),
    readme: z.exactOptional(textSchema.check(z.describe("README.md"))),
    problem: z.exactOptional(z.string().check(z.describe("Why the archive could not be read"))),
  }),
);

/** Helm chart. */
export type Chart = z.infer<typeof chartSchema>;

/** Index that contains a manifest. */
export const containerSchema = named(
  "ContainingIndex",
  "Index that contains the manifest",
  z.object({ digest: digestSchema, tags: z.array(z.string()) }),
);

/** Manifest with all that a page shows of it. */
export const manifestViewSchema = named(
  "ManifestView",
  "Manifest with its config and its place in the repository",
  z.object({
    name: z.string(),
    reference: z.string().check(z.describe("The tag or digest of the request")),
    digest: digestSchema,
    mediaType: z.string(),
    kind: artifactKindSchema,
    artifactType: z.exactOptional(z.string()),
    manifestSize: countSchema.check(z.describe("Bytes of the manifest itself")),
    size: z.exactOptional(
      countSchema.check(z.describe("Compressed bytes with the content; of an index only if all were read")),
    ),
    pushedAt: timeSchema,
    pushedBy: z.exactOptional(z.string()),
    annotations: annotationsSchema,
    subject: z.exactOptional(z.object({ digest: digestSchema, mediaType: z.string(), exists: z.boolean() })),
    tags: z.object({ items: z.array(z.string()), more: z.boolean() }).check(
      z.describe("Tags that point to it"),
    ),
    indexes: z.object({ items: z.array(containerSchema), more: z.boolean() }).check(
      z.describe("Indexes that contain it"),
    ),
    referrers: boundedCountSchema,
    layers: z.array(layerSchema).check(
      z.describe("Layers of an image or blobs of an artifact, from the requested position on"),
    ),
    children: z.array(childSchema).check(z.describe("Children of an index, from the requested position on")),
    parts: z.object({ from: countSchema, total: countSchema }).check(
      z.describe("Position of the first of layers or children, and their number in total"),
    ),
    config: z.exactOptional(
      z.object({ digest: digestSchema, mediaType: z.string(), size: countSchema }),
    ),
    configText: z.exactOptional(textSchema.check(z.describe("Config of an artifact other than an image"))),
    configProblem: z.exactOptional(z.string().check(z.describe("Why the config could not be read"))),
    image: z.exactOptional(imageSchema),
    chart: z.exactOptional(chartSchema),
    facts: z.array(factSchema).check(z.describe("What the config of a known artifact says")),
    readme: z.exactOptional(textSchema),
    manifest: textSchema.check(z.describe("The manifest as it was pushed")),
  }),
);

/** Manifest with all that a page shows of it. */
export type ManifestView = z.infer<typeof manifestViewSchema>;
