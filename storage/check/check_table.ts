import { DescribeTimeToLiveCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { type DynamoOptions, DynamoTable, TTL_ATTRIBUTE } from "../table/dynamodb/mod.ts";
import { expect, type Finding, type Probe, tryAll } from "./probe.ts";
import { removeItems, tableProbes, type TableSubject } from "./table_probes.ts";

/** Maximum lag of an index behind its table, in milliseconds, before it counts as missing. */
const MAX_INDEX_LAG_MS = 5000;

interface DynamoSubject extends TableSubject {
  client: DynamoDBClient;
  name: string;
}

const PROBES: Probe<DynamoSubject>[] = [
  ...tableProbes,
  {
    capability: "remove expired items (TTL)",
    otherwise: "Not required: the sweep removes expired items",
    async run({ client, name }) {
      const { TimeToLiveDescription: found } = await client.send(
        new DescribeTimeToLiveCommand({ TableName: name }),
      );
      const on = found?.TimeToLiveStatus === "ENABLED" || found?.TimeToLiveStatus === "ENABLING";
      expect(on && found.AttributeName === TTL_ATTRIBUTE, `It is not enabled for "${TTL_ATTRIBUTE}"`);
    },
  },
  {
    capability: "clean up",
    otherwise: "Test items remain in a partition that begins with probe#",
    run: removeItems,
  },
];

/** Checks the capabilities of the table with a few small items in a partition of their own. */
export async function checkTable(options: DynamoOptions): Promise<Finding[]> {
  const { table: name, region, endpoint } = options;
  await using table = await DynamoTable.open(options);
  const client = new DynamoDBClient({ region, ...(endpoint !== undefined && { endpoint }) });
  try {
    const pk = `probe#${crypto.randomUUID()}`;
    return await tryAll(PROBES, { table, pk, indexLag: MAX_INDEX_LAG_MS, client, name });
  } finally {
    client.destroy();
  }
}
