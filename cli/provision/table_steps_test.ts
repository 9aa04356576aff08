import { assertEquals } from "@std/assert";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { dynamoDbClient, startDynalite } from "../../tests/services/mod.ts";
import { takeSteps } from "./step.ts";
import { tableSteps } from "./table_steps.ts";

/** A table as DynamoDB describes it. */
type Description = Record<string, unknown>;

/** Enough of DynamoDB to tell what becomes of a table, since dynalite has neither time to live nor recovery. */
class FakeDynamo implements AsyncDisposable {
  readonly client: DynamoDBClient;
  /** Undefined where there is none. */
  table: Description | undefined;
  timeToLive: Description = { TimeToLiveStatus: "DISABLED" };
  recovery = "DISABLED";
  /** Operations that it does not know. */
  unknown: string[] = [];
  /** Requested changes. */
  writes: { operation: string; input: Description }[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
      const operation = request.headers.get("x-amz-target")!.split(".")[1]!;
      const input = await request.json();
      if (!operation.startsWith("Describe")) this.writes.push({ operation, input });
      const output = this.unknown.includes(operation)
        ? failure("UnknownOperation")
        : this.#do(operation, input);
      return Response.json(output, { status: "__type" in output ? 400 : 200 });
    });
    this.client = dynamoDbClient(`http://127.0.0.1:${this.#server.addr.port}`);
  }

  #do(operation: string, input: Description): Description {
    if (operation === "CreateTable") {
      const [index] = input.GlobalSecondaryIndexes as Description[];
      // As the real one, it is not there at once.
      const indexes = [{ ...index, IndexStatus: "CREATING" }];
      return {
        TableDescription: this.table = { ...input, TableStatus: "CREATING", GlobalSecondaryIndexes: indexes },
      };
    }
    if (this.table === undefined) return failure("ResourceNotFound");
    switch (operation) {
      case "DescribeTable": {
        const described = this.table;
        const indexes = (this.table.GlobalSecondaryIndexes ?? []) as Description[];
        const active = indexes.map((index) => ({ ...index, IndexStatus: "ACTIVE" }));
        this.table = { ...this.table, TableStatus: "ACTIVE", GlobalSecondaryIndexes: active };
        return { Table: described };
      }
      case "UpdateTable": {
        const [{ Create: index }] = input.GlobalSecondaryIndexUpdates as [{ Create: Description }];
        this.table = { ...this.table, GlobalSecondaryIndexes: [{ ...index, IndexStatus: "CREATING" }] };
        return {};
      }
      case "DescribeTimeToLive":
        return { TimeToLiveDescription: this.timeToLive };
      case "UpdateTimeToLive":
        this.timeToLive = { ...input.TimeToLiveSpecification as Description, TimeToLiveStatus: "ENABLED" };
        return {};
      case "DescribeContinuousBackups": {
        const recovery = { PointInTimeRecoveryStatus: this.recovery };
        return {
          ContinuousBackupsDescription: {
            ContinuousBackupsStatus: "ENABLED",
            PointInTimeRecoveryDescription: recovery,
          },
        };
      }
      case "UpdateContinuousBackups":
        this.recovery = "ENABLED";
        return {};
      default:
        return failure("UnknownOperation");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.destroy();
    await this.#server.shutdown();
  }
}

function failure(name: string): Description {
  return { __type: `com.amazonaws.dynamodb.v20120810#${name}Exception`, message: name };
}

/** Takes the steps, and answers the first word of each line. */
async function take(client: DynamoDBClient, dryRun = false): Promise<{ states: string; lines: string[] }> {
  const lines: string[] = [];
  const steps = tableSteps({ client, table: "registry", pollInterval: 1 });
  await takeSteps(steps, dryRun, (line) => lines.push(line));
  return { states: lines.map((line) => line.split(" ")[0]).join(" "), lines };
}

Deno.test("tableSteps() make a table once, and nothing at all in a dry run", async () => {
  await using dynamo = new FakeDynamo();
  assertEquals((await take(dynamo.client, true)).states, "would would would would");
  assertEquals(dynamo.writes, []);
  assertEquals((await take(dynamo.client)).states, "done exists done done");
  const made = dynamo.writes.splice(0).map(({ operation }) => operation);
  assertEquals(made, ["CreateTable", "UpdateTimeToLive", "UpdateContinuousBackups"]);
  assertEquals(dynamo.timeToLive.AttributeName, "expiresAt");
  assertEquals((await take(dynamo.client)).states, "exists exists exists exists");
  assertEquals(dynamo.writes, []);
});

Deno.test("tableSteps() add the index to a table that has none, and wait for it", async () => {
  await using dynamo = new FakeDynamo();
  await take(dynamo.client);
  dynamo.table = { ...dynamo.table, GlobalSecondaryIndexes: [] };
  dynamo.writes.length = 0;
  assertEquals((await take(dynamo.client)).states, "exists done exists exists");
  assertEquals(dynamo.writes.map(({ operation }) => operation), ["UpdateTable"]);
  const [index] = dynamo.table!.GlobalSecondaryIndexes as Description[];
  assertEquals([index!.IndexName, index!.IndexStatus], ["item-index", "ACTIVE"]);
});

Deno.test("tableSteps() change nothing about a table that is another one", async () => {
  await using dynamo = new FakeDynamo();
  await take(dynamo.client);
  const KeySchema = [{ AttributeName: "id", KeyType: "HASH" }];
  const indexes = dynamo.table!.GlobalSecondaryIndexes as Description[];
  dynamo.writes.length = 0;

  dynamo.table = { ...dynamo.table, KeySchema };
  const [table] = (await take(dynamo.client)).lines;
  assertEquals(table, 'FAILED    table "registry": Its key is id (HASH), not pk (HASH), sk (RANGE)');
  dynamo.table = {
    ...dynamo.table,
    GlobalSecondaryIndexes: indexes.map((index) => ({ ...index, KeySchema })),
  };
  assertEquals((await take(dynamo.client)).states, "FAILED FAILED exists exists");
  const Projection = { ProjectionType: "KEYS_ONLY" };
  dynamo.table = {
    ...dynamo.table,
    GlobalSecondaryIndexes: indexes.map((index) => ({ ...index, Projection })),
  };
  assertEquals((await take(dynamo.client)).states, "FAILED FAILED exists exists");
  dynamo.timeToLive = { TimeToLiveStatus: "ENABLED", AttributeName: "ttl" };
  assertEquals((await take(dynamo.client)).states, "FAILED FAILED warning exists");
  assertEquals(dynamo.writes, []);
});

Deno.test("tableSteps() warn of features that a store does not have", async () => {
  await using dynamo = new FakeDynamo();
  dynamo.unknown = ["UpdateTimeToLive", "DescribeContinuousBackups"];
  const { states, lines } = await take(dynamo.client);
  assertEquals(states, "done exists warning warning");
  assertEquals(
    lines.at(-1),
    'warning   table "registry": point-in-time recovery: UnknownOperation (UnknownOperationException)',
  );
});

Deno.test("tableSteps() make a table of dynalite's", async () => {
  await using dynalite = await startDynalite();
  const client = dynamoDbClient(dynalite.endpoint);
  assertEquals((await take(client)).states.slice(0, 11), "done exists");
  assertEquals((await take(client)).states.slice(0, 13), "exists exists");
});
