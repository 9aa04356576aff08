/**
 * Rare requests, by the AWS SDK. Loaded with the first of them, because the SDK takes a tenth of a second to load.
 *
 * @module
 */

export { bucketUrl, makeClient } from "./client.ts";
export { deleteObjects } from "./delete_objects.ts";
export { listFolder, listObjects, listUploads } from "./lists.ts";
