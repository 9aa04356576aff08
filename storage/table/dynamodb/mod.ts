/**
 * Table on DynamoDB. Loads no AWS SDK unless the credentials or the endpoint need it.
 *
 * @module
 */

export { DynamoTable } from "./dynamo_table.ts";
export type { DynamoOptions } from "./options.ts";
export * from "./schema.ts";
