/**
 * HTTP: raw URLs, headers, bodies, conditions and answers.
 *
 * @module
 */
export { type Answer, jsonAnswer } from "./answer.ts";
export { BodyBudget, type BodyHold } from "./body_budget.ts";
export { evaluateRead, parseTagCondition, preconditionFailed, rangeApplies } from "./conditional.ts";
export { blobLocation, contentHeaders, manifestLocation } from "./headers.ts";
export { nextLink } from "./link.ts";
export { badParameter, Parameters, parametersOf } from "./parameters.ts";
export { type RawUrl, splitUrl } from "./raw_url.ts";
export { bodyOf, contentLength, discardBody, withBody } from "./request_body.ts";
export { lengthOf, toResponse } from "./response.ts";
