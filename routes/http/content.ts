/**
 * Parts of HTTP that only content, lists and request bodies need.
 *
 * @module
 */
export { BodyBudget } from "./body_budget.ts";
export { evaluateRead, parseTagCondition, preconditionFailed, rangeApplies } from "./conditional.ts";
export { blobLocation, contentHeaders, manifestLocation, redirectHeaders } from "./headers.ts";
export { nextLink } from "./link.ts";
export { bodyOf, contentLength, withBody } from "./request_body.ts";
