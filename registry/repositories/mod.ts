/**
 * Repositories: made, listed in pages.
 *
 * @module
 */
export { pageOf, pageSize } from "./page.ts";
export { listRepositories, readRepository, rememberRepository } from "./repositories.ts";
