import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { getEndpointFromInstructions } from "@smithy/core/endpoints";
import type { DynamoOptions } from "./options.ts";

/** URL of DynamoDB by the rules of the AWS SDK: partitions, FIPS, dual-stack addresses, accounts of ARNs. */
export async function sdkEndpoint(
  { table, region, endpoint }: Pick<DynamoOptions, "table" | "region" | "endpoint">,
): Promise<URL> {
  const client = new DynamoDBClient({ region, ...(endpoint !== undefined && { endpoint }) });
  try {
    const input = { TableName: table, Key: {} };
    return (await getEndpointFromInstructions(input, GetItemCommand, client.config)).url;
  } finally {
    client.destroy();
  }
}
