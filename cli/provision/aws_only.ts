import { type Config, StartError } from "../../config/mod.ts";

/**
 * Checks that the configuration names a bucket and a table.
 *
 * @throws {StartError} otherwise.
 */
export function assertAws({ storage }: Config): void {
  if (storage === "aws") return;
  throw new StartError(`The command needs S3 and DynamoDB: SKERRY_STORAGE is "${storage}", not "aws"`);
}
