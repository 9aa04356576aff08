/**
 * Commands that delete or verify content.
 *
 * @module
 */
export { collect } from "./collect.ts";
export { deleteRepository } from "./delete_repository.ts";
export { retainCommand } from "./retain.ts";
export { readRate, scrub } from "./scrub.ts";
