/** Images made here, of the same bytes each time, and OCI layouts to hand them to clients and take them back. */
export * from "./catalogue.ts";
export * from "./content.ts";
export * from "./layer.ts";
export * from "./layout.ts";
export * from "./manifest.ts";
export * from "./media_types.ts";
export * from "./walk.ts";
