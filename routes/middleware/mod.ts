/**
 * Middleware around every handler, in the order of a request: exchange, access log, unread body, body limit, admission.
 *
 * @module
 */
export { accessLog, type RequestLog, withoutProbes } from "./access_log.ts";
export { admission, type AdmissionOptions, admit } from "./admission.ts";
export { bodyLimit, MAX_FORM_BYTES } from "./body_limit.ts";
export type { AppContext, AppEnv, Exchange, Middleware, RequestInfo } from "./env.ts";
export { exchange } from "./exchange.ts";
export { unreadBody } from "./unread_body.ts";
