import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { type Config, dynamoOptions, s3Options } from "../../config/mod.ts";
import { makeClient } from "../../storage/objects/s3/sdk.ts";
import { assertAws } from "./aws_only.ts";
import { assertCredentials } from "./aws_reach.ts";
import { bucketSteps } from "./bucket_steps.ts";
import { takeSteps } from "./step.ts";
import { tableSteps } from "./table_steps.ts";

/** Milliseconds between two checks of a table that is being created. */
const POLL_INTERVAL_MS = 1000;

/**
 * `skerry provision`: creates or verifies the configured bucket and table, and prints a line for each step. Existing
 * things stay as they are.
 *
 * @returns The exit code: 0 if everything required exists, or would.
 * @throws {StartError} if the configuration names neither bucket nor table.
 */
export async function provision(
  config: Config,
  print: (text: string) => void,
  { dryRun }: { dryRun: boolean },
): Promise<number> {
  assertAws(config);
  await assertCredentials(config);
  const { bucket, prefix = "", endpoint: elsewhere } = s3Options(config);
  const { table, region, endpoint } = dynamoOptions(config);
  const s3 = makeClient(s3Options(config));
  const dynamo = new DynamoDBClient({ region, ...(endpoint !== undefined && { endpoint }) });
  try {
    const steps = [
      ...bucketSteps({ client: s3, bucket, prefix, region, atAws: elsewhere === undefined }),
      ...tableSteps({ client: dynamo, table, pollInterval: POLL_INTERVAL_MS }),
    ];
    return await takeSteps(steps, dryRun, print) ? 0 : 1;
  } finally {
    s3.destroy();
    dynamo.destroy();
  }
}
