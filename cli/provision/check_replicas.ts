import {
  type Config,
  dynamoOptions,
  replicaCredentials,
  replicaOptions,
  s3Options,
} from "../../config/mod.ts";
import { checkReplicaBucket, checkReplicaTable, type Finding } from "../../storage/check/mod.ts";
import { S3ObjectStore } from "../../storage/objects/s3/mod.ts";
import { DynamoTable } from "../../storage/table/dynamodb/mod.ts";
import { findingsTable } from "./findings_table.ts";

/** Tests every read replica of the configuration, and prints the results. Writes nothing to a store. */
export async function checkReplicas(config: Config, print: (text: string) => void): Promise<Finding[]> {
  const home = await S3ObjectStore.open(s3Options(config));
  await using homeTable = await DynamoTable.open(dynamoOptions(config));
  const all: Finding[] = [];
  for (const replica of config.readReplicas) {
    const { region, bucket, table } = replica;
    const own = replicaCredentials(replica);
    const { s3, dynamo } = replicaOptions(config, replica);
    if (s3 !== undefined) {
      const findings = await checkReplicaBucket(home, await S3ObjectStore.open(s3, own));
      print(`Replica in "${region}", bucket "${bucket}"\n\n${findingsTable(findings)}\n`);
      all.push(...findings);
    }
    if (dynamo !== undefined) {
      await using copy = await DynamoTable.open(dynamo, own);
      const findings = await checkReplicaTable(homeTable, copy);
      print(`Replica in "${region}", table "${table}"\n\n${findingsTable(findings)}\n`);
      all.push(...findings);
    }
  }
  return all;
}
