/**
 * A light S3 server for tests: as strict as AWS about what a driver may get wrong, and as odd as other stores on request.
 *
 * ```ts ignore
 * await using s3 = await startS3({ minPartSize: 1024 });
 * s3.quirks.slowDown = 2; // the next two requests are answered 503
 * ```
 *
 * @module
 */

export type { Operation } from "./operation.ts";
export type { Quirks } from "./quirks.ts";
export { type LogEntry, type S3Server, type S3ServerOptions, startS3 } from "./server.ts";
export type { Credentials } from "./signature.ts";
