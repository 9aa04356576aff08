/**
 * Table on DynamoDB. Loaded only if configured, because the AWS SDK takes a tenth of a second to load.
 *
 * @module
 */

export { type DynamoOptions, DynamoTable } from "./dynamo_table.ts";
export * from "./schema.ts";
