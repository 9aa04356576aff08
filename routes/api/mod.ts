/**
 * The API as JSON under `/v2/_skerry/` and `/v2/<name>/_skerry/`, and its OpenAPI document. Loaded by its first request.
 *
 * @module
 */
export { apiRoute } from "./api_route.ts";
export { describeApi } from "./openapi.ts";
export { repositoryApiHandlers } from "./repository_handlers.ts";
