/**
 * HTTP: raw URLs, parameters and answers. `content.ts` has what only content, lists and request bodies need.
 *
 * @module
 */
export { type Answer, jsonAnswer, NOT_STORED } from "./answer.ts";
export type { BodyBudget, BodyHold } from "./body_budget.ts";
export { badParameter, Parameters, parametersOf } from "./parameters.ts";
export { type RawUrl, routerPath, splitUrl } from "./raw_url.ts";
export { lengthOf, toResponse } from "./response.ts";
