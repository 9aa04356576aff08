/**
 * The table port on DynamoDB. Imported only where it is configured, because the AWS SDK behind it takes a tenth of a second
 * to load.
 *
 * @module
 */

export { type DynamoOptions, DynamoTable } from "./dynamo_table.ts";
export * from "./schema.ts";
