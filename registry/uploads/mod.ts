/**
 * Uploads: begun, continued, committed, cancelled, swept.
 *
 * @module
 */
export { commitUpload } from "./commit.ts";
export { OffsetMismatch } from "./offset_mismatch.ts";
export { isExpired, sweep, type SweepReport, sweepUpload } from "./sweep.ts";
export { createUpload, putInTime, type Session } from "./upload_session.ts";
export { appendUpload, cancelUpload, getUpload, startUpload } from "./uploads.ts";
