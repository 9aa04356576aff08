import {
  CreateTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  type KeySchemaElement,
  type TableDescription,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { pause } from "../../storage/ports.ts";
import { INDEX_NAME, tableDefinition, TTL_ATTRIBUTE } from "../../storage/table/dynamodb/mod.ts";
import type { Outcome, Step } from "./step.ts";

/** Table that the steps configure, and its client. */
export interface TableStepOptions {
  /** Client of DynamoDB. */
  client: DynamoDBClient;
  /** The name of the table. */
  table: string;
  /** Milliseconds between two checks of a table that is being created. */
  pollInterval: number;
}

/** The table with its index, time to live, and backups of any moment of the last 35 days. */
export function tableSteps(options: TableStepOptions): Step[] {
  const name = `table "${options.table}"`;
  return [
    { what: name, ensure: (dryRun) => ensureTable(options, dryRun) },
    { what: `${name}: index "${INDEX_NAME}"`, ensure: (dryRun) => ensureIndex(options, dryRun) },
    {
      what: `${name}: time to live by "${TTL_ATTRIBUTE}"`,
      optional: true,
      ensure: (dryRun) => ensureTimeToLive(options, dryRun),
    },
    {
      what: `${name}: point-in-time recovery`,
      optional: true,
      ensure: (dryRun) => ensureRecovery(options, dryRun),
    },
  ];
}

async function ensureTable(options: TableStepOptions, dryRun: boolean): Promise<Outcome> {
  const { client, table } = options;
  const definition = tableDefinition(table);
  const found = await describe(options);
  if (found === undefined) {
    if (!dryRun) {
      await client.send(new CreateTableCommand(definition));
      await untilActive(options);
    }
    return { state: "changed" };
  }
  if (sameKey(found.KeySchema, definition.KeySchema)) return { state: "there" };
  return {
    state: "wrong",
    reason: `Its key is ${keyText(found.KeySchema)}, not ${keyText(definition.KeySchema)}`,
  };
}

async function ensureIndex(options: TableStepOptions, dryRun: boolean): Promise<Outcome> {
  const { client, table } = options;
  const { AttributeDefinitions, GlobalSecondaryIndexes: [wanted] = [] } = tableDefinition(table);
  const found = await describe(options);
  const index = found?.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === INDEX_NAME);
  if (index === undefined) {
    if (!dryRun) {
      const update = {
        TableName: table,
        AttributeDefinitions,
        GlobalSecondaryIndexUpdates: [{ Create: wanted! }],
      };
      await client.send(new UpdateTableCommand(update));
      await untilActive(options);
    }
    return { state: "changed" };
  }
  const { KeySchema, Projection } = index;
  if (!sameKey(KeySchema, wanted!.KeySchema)) {
    return { state: "wrong", reason: `Its key is ${keyText(KeySchema)}, not ${keyText(wanted!.KeySchema)}` };
  }
  if (Projection?.ProjectionType === "ALL") return { state: "there" };
  return { state: "wrong", reason: "Its projection lacks attributes" };
}

async function ensureTimeToLive({ client, table }: TableStepOptions, dryRun: boolean): Promise<Outcome> {
  const found = await client.send(new DescribeTimeToLiveCommand({ TableName: table })).catch(
    unlessAbsent(dryRun),
  );
  const { TimeToLiveStatus: status, AttributeName } = found?.TimeToLiveDescription ?? {};
  if (status === "ENABLED" || status === "ENABLING") {
    if (AttributeName === TTL_ATTRIBUTE) return { state: "there" };
    return { state: "wrong", reason: `It uses the attribute "${AttributeName}"` };
  }
  if (!dryRun) {
    const TimeToLiveSpecification = { Enabled: true, AttributeName: TTL_ATTRIBUTE };
    await client.send(new UpdateTimeToLiveCommand({ TableName: table, TimeToLiveSpecification }));
  }
  return { state: "changed" };
}

async function ensureRecovery({ client, table }: TableStepOptions, dryRun: boolean): Promise<Outcome> {
  const found = await client.send(new DescribeContinuousBackupsCommand({ TableName: table }))
    .catch(unlessAbsent(dryRun));
  const recovery = found?.ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
  if (recovery?.PointInTimeRecoveryStatus === "ENABLED") return { state: "there" };
  if (!dryRun) {
    const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
    await client.send(
      new UpdateContinuousBackupsCommand({ TableName: table, PointInTimeRecoverySpecification }),
    );
  }
  return { state: "changed" };
}

/** Description of the table; `undefined` if it does not exist. */
async function describe({ client, table }: TableStepOptions): Promise<TableDescription | undefined> {
  const found = await client.send(new DescribeTableCommand({ TableName: table })).catch(unlessAbsent(true));
  return found?.Table;
}

/** Waits until the table and its index can be used: an index takes as long as there are items. */
async function untilActive(options: TableStepOptions): Promise<void> {
  for (;;) {
    const found = await describe(options);
    const indexes = found?.GlobalSecondaryIndexes ?? [];
    const states = [found?.TableStatus, ...indexes.map(({ IndexStatus }) => IndexStatus)];
    if (states.every((state) => state === "ACTIVE")) return;
    await pause(options.pollInterval);
  }
}

/** Turns a "not found" error into `undefined` if that is expected. */
function unlessAbsent(expected: boolean): (error: unknown) => undefined {
  return (error) => {
    if (expected && (error as Error).name === "ResourceNotFoundException") return undefined;
    throw error;
  };
}

function sameKey(one: KeySchemaElement[] | undefined, other: KeySchemaElement[] | undefined): boolean {
  return keyText(one) === keyText(other);
}

function keyText(schema: KeySchemaElement[] = []): string {
  return schema.map(({ AttributeName, KeyType }) => `${AttributeName} (${KeyType})`).toSorted().join(", ");
}
