import * as z from "zod/mini";
import { artifactKindSchema, countSchema, digestSchema, named, platformSchema, timeSchema } from "./parts.ts";

const changeSchema = z.enum(["same", "changed", "added", "removed"]);

/** One of the two compared manifests. */
export const diffSideSchema = named(
  "DiffSide",
  "One of the two compared manifests",
  z.object({
    name: z.string(),
    reference: z.string(),
    digest: digestSchema,
    mediaType: z.string(),
    kind: artifactKindSchema,
    size: z.exactOptional(countSchema.check(z.describe("Compressed bytes with the content"))),
    pushedAt: timeSchema,
  }),
);

/** One of the two compared manifests. */
export type DiffSide = z.infer<typeof diffSideSchema>;

/** Layer in a comparison. */
export const layerChangeSchema = named(
  "LayerChange",
  "Layer in a comparison",
  z.object({
    change: z.enum(["same", "added", "removed"]),
    digest: digestSchema,
    size: countSchema,
    mediaType: z.string(),
    title: z.exactOptional(z.string()),
    createdBy: z.exactOptional(z.string()),
  }),
);

/** Layer in a comparison. */
export type LayerChange = z.infer<typeof layerChangeSchema>;

/** Value in a comparison. */
export const valueChangeSchema = named(
  "ValueChange",
  "Changed value of the configs or the annotations. A client must treat the values as untrusted",
  z.object({
    field: z.enum([
      "annotation",
      "artifactType",
      "author",
      "command",
      "created",
      "entrypoint",
      "environment",
      "label",
      "mediaType",
      "platform",
      "port",
      "stopSignal",
      "user",
      "volume",
      "workingDir",
    ]),
    name: z.exactOptional(
      z.string().check(z.describe("Name of a variable, label, annotation, port or volume")),
    ),
    before: z.exactOptional(z.string()),
    after: z.exactOptional(z.string()),
  }),
);

/** Value in a comparison. */
export type ValueChange = z.infer<typeof valueChangeSchema>;

/** Child of an index in a comparison, matched by its platform. */
export const childChangeSchema = named(
  "ChildChange",
  "Child of an index in a comparison, matched by its platform",
  z.object({
    change: changeSchema,
    platform: z.exactOptional(platformSchema),
    before: z.exactOptional(z.object({ digest: digestSchema, size: z.exactOptional(countSchema) })),
    after: z.exactOptional(z.object({ digest: digestSchema, size: z.exactOptional(countSchema) })),
    layers: z.exactOptional(
      z.object({ same: countSchema, added: countSchema, removed: countSchema, addedBytes: countSchema }),
    ),
  }),
);

/** Child of an index in a comparison. */
export type ChildChange = z.infer<typeof childChangeSchema>;

/** Comparison of two manifests. */
export const diffSchema = named(
  "Diff",
  "Comparison of two manifests",
  z.object({
    from: diffSideSchema,
    to: diffSideSchema,
    same: z.boolean().check(z.describe("True if both are the same manifest")),
    layers: z.array(layerChangeSchema).check(z.describe("Layers of images and blobs of artifacts")),
    bytes: z.object({ same: countSchema, added: countSchema, removed: countSchema }).check(
      z.describe("Compressed bytes of the layers"),
    ),
    values: z.array(valueChangeSchema),
    children: z.array(childChangeSchema).check(z.describe("Children of indexes")),
    complete: z.boolean().check(z.describe("False if parts were too many or a config could not be read")),
  }),
);

/** Comparison of two manifests. */
export type Diff = z.infer<typeof diffSchema>;
