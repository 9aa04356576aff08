/**
 * Commands that move a registry to and from backups, and to another storage.
 *
 * @module
 */
export { backup } from "./backup.ts";
export { copy } from "./copy.ts";
export { printBackups, restore } from "./restore.ts";
export { withScratchFolder } from "./scratch_folder.ts";
