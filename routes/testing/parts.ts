/**
 * Parts of the routes for tests of other folders.
 *
 * @module
 */
export { requirementOf } from "../access/requirement.ts";
export { createHandlers } from "../handlers.ts";
export { splitUrl } from "../http/raw_url.ts";
