import { type Config, StartError } from "../config/mod.ts";

/**
 * Lets pass a configuration that names a bucket and a table.
 *
 * @throws {StartError} for every other one.
 */
export function assertAws({ storage }: Config): void {
  if (storage === "aws") return;
  throw new StartError(`The command needs S3 and DynamoDB: SKERRY_STORAGE is "${storage}", not "aws"`);
}
