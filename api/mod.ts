/**
 * Content of the pages and of the HTTP API, as plain values over the registry: the interface, and the schemas of its
 * answers. Knows no HTTP.
 *
 * @module
 */
export type * from "./api.ts";
export { artifactKind, type ArtifactTypes, KIND_NAMES } from "./artifact_kind.ts";
export { createApi } from "./create_api.ts";
export type {
  ApiAccess,
  ApiOptions,
  ApiProcess,
  ApiRules,
  ApiUpkeep,
  CollectionStep,
  CoreOptions,
  PlannedRetirement,
} from "./options.ts";
export { openApi, sealApi, type SealedApi } from "./sealed_api.ts";
export type * from "./schemas/mod.ts";
