import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { assertEquals, assertRejects } from "@std/assert";
import { startDynamoDb } from "./dynamodb.ts";
import { createTable, dynamoDbClient } from "./stores.ts";

const KEY = { pk: { S: "a" }, sk: { S: "b" } };

async function put(client: DynamoDBClient): Promise<void> {
  const ConditionExpression = "attribute_not_exists(pk)";
  await client.send(new PutItemCommand({ TableName: "table", Item: KEY, ConditionExpression }));
}

Deno.test("startDynamoDb() gives a DynamoDB with conditional writes, until it is disposed of", async () => {
  let endpoint: string, status: Promise<Deno.CommandStatus>;
  {
    await using service = await startDynamoDb();
    ({ endpoint, status } = service);
    await createTable(endpoint, "table");
    const client = dynamoDbClient(endpoint);
    await put(client);
    await assertRejects(() => put(client), ConditionalCheckFailedException);
  }
  await status;
  await assertRejects(() => fetch(endpoint), TypeError);
});

Deno.test("startDynamoDb() finds in a folder the items from before it was stopped", async () => {
  const folder = await Deno.makeTempDir();
  let port: number;
  {
    await using service = await startDynamoDb({ folder });
    port = Number(new URL(service.endpoint).port);
    await createTable(service.endpoint, "table");
    await put(dynamoDbClient(service.endpoint));
  }
  {
    await using service = await startDynamoDb({ folder, port });
    const client = dynamoDbClient(service.endpoint);
    const { Item } = await client.send(new GetItemCommand({ TableName: "table", Key: KEY }));
    assertEquals(Item, KEY);
  }
  await Deno.remove(folder, { recursive: true });
});
