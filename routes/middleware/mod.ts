/**
 * Middleware around every handler, in the order of a request: id, access log, unread body, admission.
 *
 * @module
 */
export { accessLog, type RequestLog, withoutProbes } from "./access_log.ts";
export { admission, type AdmissionOptions } from "./admission.ts";
export type { AppContext, AppEnv, Exchange, RequestInfo } from "./env.ts";
export { requestId } from "./request_id.ts";
export { unreadBody } from "./unread_body.ts";
