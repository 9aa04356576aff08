/**
 * Content that the processes of a run push, pull and delete: few enough things that they meet.
 *
 * @module
 */
import { type Digest, parseRepositoryName, type RepositoryName } from "../../oci/mod.ts";
import { MAX_INLINE_BYTES } from "../../registry/stored.ts";
import { content, digest, IMAGE, imageOf, indexOf } from "../harness/stores.ts";

/** A blob that may be pushed. */
export interface Blob {
  name: string;
  digest: Digest;
  bytes: Uint8Array<ArrayBuffer>;
}

/** A manifest that may be pushed, with its references. */
export interface ManifestPlan {
  name: string;
  digest: Digest;
  mediaType: string;
  bytes: Uint8Array<ArrayBuffer>;
  blobs: Blob[];
  children: ManifestPlan[];
  subject?: Digest;
}

function blobOf(name: string, size: number, seed: number): Blob {
  const bytes = content(size, seed);
  return { name, digest: digest(bytes), bytes };
}

/**
 * Parts have eight bytes: one blob is of less than one, the others of several. The last one is large enough that a
 * store which verifies content takes it as a stream.
 */
export const BLOBS = [
  blobOf("config", 5, 1),
  blobOf("layer", 7, 2),
  blobOf("large", 21, 3),
  blobOf("huge", 1024 * 1024 + 1, 4),
] as const;

const [CONFIG, LAYER, LARGE] = BLOBS;

function planOf(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  needs: Partial<Pick<ManifestPlan, "blobs" | "children">> & { subject?: Digest },
): ManifestPlan {
  const { mediaType } = JSON.parse(new TextDecoder().decode(bytes));
  return { name, digest: digest(bytes), mediaType, bytes, blobs: [], children: [], ...needs };
}

/** An image. */
export const FIRST: ManifestPlan = planOf("first", imageOf(CONFIG.bytes, [LAYER.bytes]), {
  blobs: [CONFIG, LAYER],
});

/** An image that has only a configuration. */
export const SINGLE: ManifestPlan = planOf("single", imageOf(CONFIG.bytes, []), { blobs: [CONFIG] });

/** Another image, which shares a blob with the first. */
export const SECOND: ManifestPlan = planOf("second", imageOf(CONFIG.bytes, [LARGE.bytes]), {
  blobs: [CONFIG, LARGE],
});

/** An index with the first image in it. */
export const INDEX: ManifestPlan = planOf("index", indexOf([FIRST.bytes]), { children: [FIRST] });

/** An artifact whose subject is the first image. */
export const ARTIFACT: ManifestPlan = planOf(
  "artifact",
  imageOf(CONFIG.bytes, [], {
    subject: { mediaType: IMAGE, digest: FIRST.digest, size: FIRST.bytes.length },
    annotations: { filler: "x".repeat(270_000) },
  }),
  { blobs: [CONFIG], subject: FIRST.digest },
);

/** An image so large that its bytes have an object of their own. */
export const GIANT: ManifestPlan = planOf(
  "giant",
  imageOf(CONFIG.bytes, [], { annotations: { filler: "x".repeat(MAX_INLINE_BYTES) } }),
  { blobs: [CONFIG] },
);

/** All manifests. */
export const MANIFESTS = [FIRST, SINGLE, SECOND, INDEX, ARTIFACT, GIANT] as const;

/** Repositories that may have all of it. */
export const REPOSITORIES: [RepositoryName, RepositoryName] = [
  parseRepositoryName("one"),
  parseRepositoryName("two"),
];

/** The tags that are moved. */
export const TAGS = ["a", "b"] as const;

/** The one of them that is immutable in some runs. */
export const FIXED = "b";
