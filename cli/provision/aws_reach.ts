import { type Config, dynamoOptions, StartError } from "../../config/mod.ts";
import { reasonOf } from "../../storage/check/mod.ts";
import type { ObjectStore, Table } from "../../storage/mod.ts";
import { credentialsFor } from "../../storage/aws/mod.ts";

/**
 * Checks that AWS credentials exist. Called once before everything else: a request would treat missing ones as an
 * outage and retry for seconds.
 *
 * @throws {StartError} if there are none.
 */
export async function assertCredentials(config: Config): Promise<void> {
  try {
    await credentialsFor(config.awsRegion)();
  } catch (error) {
    throw new StartError(
      `Cannot find AWS credentials: ${reasonOf(error)}. ` +
        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or use a role",
      { cause: error },
    );
  }
}

/**
 * Reads from the configured bucket and table.
 *
 * @throws {StartError} if one of them does not exist or can't be read.
 */
export async function assertReachable(
  config: Config,
  { objects, table }: { objects: ObjectStore; table: Table },
): Promise<void> {
  await explained(`the table "${dynamoOptions(config).table}"`, table.get({ pk: "ready", sk: "ready" }));
  // A HEAD of a key does not tell a missing bucket from a missing object.
  await explained(`the bucket "${config.s3Bucket}"`, objects.list("", { limit: 1 }));
}

async function explained(what: string, read: Promise<unknown>): Promise<void> {
  try {
    await read;
  } catch (error) {
    throw new StartError(`Cannot use ${what}: ${reasonOf(error)}`, { cause: error });
  }
}
