/**
 * Repositories: made, listed in pages.
 *
 * @module
 */
export { pageOf, pageSize } from "./page.ts";
export { allRepositories, keepRepository, listRepositories, readRepository } from "./repositories.ts";
