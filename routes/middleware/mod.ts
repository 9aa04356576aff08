/**
 * Middleware around every handler, in the order of a request: exchange, access log, unread body, body limit, authorization.
 *
 * @module
 */
export { accessLog, answerBegins, type RequestLog, withoutProbes } from "./access_log.ts";
export { type AdmissionOptions, authorize, checkHost, readWith, withAudit } from "./admission.ts";
export { bodyLimit, MAX_FORM_BYTES } from "./body_limit.ts";
export { compose } from "./compose.ts";
export type { AppContext, AppEnv, AppHandler, Exchange, Middleware, RequestInfo } from "./env.ts";
export { exchange } from "./exchange.ts";
export { unreadBody } from "./unread_body.ts";
