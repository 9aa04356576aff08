/**
 * The specification's vocabulary: digests, names, references, descriptors, manifests, ranges and errors. It does no
 * input or output.
 *
 * @module
 */
export * from "./action.ts";
export * from "./brand.ts";
export * from "./byteranges.ts";
export * from "./content_range.ts";
export type { Descriptor } from "./descriptor.ts";
export * from "./digest.ts";
export * from "./errors.ts";
export * from "./media_type.ts";
export * from "./name.ts";
export * from "./range.ts";
