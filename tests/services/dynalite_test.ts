import { ConditionalCheckFailedException, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { assertRejects } from "@std/assert";
import { startDynalite } from "./dynalite.ts";
import { createTable, dynamoDbClient } from "./stores.ts";

Deno.test("startDynalite() gives a DynamoDB with conditional writes, until it is disposed of", async () => {
  let endpoint: string;
  {
    await using service = await startDynalite();
    ({ endpoint } = service);
    await createTable(endpoint, "table");
    const client = dynamoDbClient(endpoint);
    const put = () =>
      client.send(
        new PutItemCommand({
          TableName: "table",
          Item: { pk: { S: "a" }, sk: { S: "b" } },
          ConditionExpression: "attribute_not_exists(pk)",
        }),
      );
    await put();
    await assertRejects(put, ConditionalCheckFailedException);
  }
  await assertRejects(() => fetch(endpoint), TypeError);
});
