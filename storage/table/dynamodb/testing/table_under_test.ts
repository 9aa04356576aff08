import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { CREDENTIALS, CREDENTIALS_ENV, REGION } from "../../../../tests/harness/credentials.ts";
import { startDynalite } from "../../../../tests/services/dynalite.ts";
import { DynamoTable } from "../dynamo_table.ts";
import type { DynamoOptions } from "../options.ts";
import { tableDefinition } from "../schema.ts";

/** Names the address of another DynamoDB to test against. */
const ENDPOINT_VARIABLE = "SKERRY_TEST_DYNAMODB_ENDPOINT";

/** A DynamoDB that runs while the tests of a file do: dynalite, or what the environment names. */
export interface TestDynamoDb {
  /** URL that it listens at. */
  endpoint(): string;
  /** Makes an empty table and answers its name. */
  create(): Promise<string>;
  /** Opens a table: an empty one where the options name none. */
  open(options?: Partial<DynamoOptions>): Promise<DynamoTable>;
}

/** Starts one before the tests of this file and stops it after them. */
export function useDynamoDb(): TestDynamoDb {
  let endpoint = Deno.env.get(ENDPOINT_VARIABLE) ?? "";
  let service: AsyncDisposable | undefined;
  Deno.test.beforeAll(async () => {
    for (const [name, value] of Object.entries(CREDENTIALS_ENV)) Deno.env.set(name, value);
    if (endpoint !== "") return;
    const dynalite = await startDynalite();
    [endpoint, service] = [dynalite.endpoint, dynalite];
  });
  Deno.test.afterAll(async () => await service?.[Symbol.asyncDispose]());
  async function create(): Promise<string> {
    const name = `skerry-${crypto.randomUUID()}`;
    await createTable(endpoint, name);
    return name;
  }
  return {
    endpoint: () => endpoint,
    create,
    open: async (options = {}) =>
      DynamoTable.open({ table: options.table ?? await create(), region: REGION, endpoint, ...options }),
  };
}

async function createTable(endpoint: string, name: string): Promise<void> {
  const client = new DynamoDBClient({
    region: REGION,
    endpoint,
    credentials: CREDENTIALS,
    requestHandler: new FetchHttpHandler(),
  });
  await client.send(new CreateTableCommand(tableDefinition(name)));
  for (;;) {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
    if (Table?.TableStatus === "ACTIVE") return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
