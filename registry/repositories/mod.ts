/**
 * Repositories: made, listed in pages.
 *
 * @module
 */
export { pageOf, pageSize } from "./page.ts";
export { allRepositories, listRepositories, readRepository, rememberRepository } from "./repositories.ts";
