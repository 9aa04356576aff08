/**
 * Content of the pages and of the HTTP API, as plain values over the registry: the interface, and the schemas of its answers.
 * Knows no HTTP.
 *
 * @module
 */
export type * from "./api.ts";
export type * from "./schemas/mod.ts";
