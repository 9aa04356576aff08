/**
 * Parts of the routes for tests of other folders.
 *
 * @module
 */
export { requirementOf } from "../access/requirement.ts";
export { COMMON_STATUSES, type Endpoint, ENDPOINTS } from "../endpoints.ts";
export { splitUrl } from "../http/raw_url.ts";
