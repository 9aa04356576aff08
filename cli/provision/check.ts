import { type Config, dynamoOptions, s3Options } from "../../config/mod.ts";
import { assertAws } from "./aws_only.ts";
import { assertCredentials } from "./aws_reach.ts";
import { checkBucket, checkTable, suffices } from "../../storage/check/mod.ts";
import { checkReplicas } from "./check_replicas.ts";
import { findingsTable } from "./findings_table.ts";

/**
 * `skerry check`: tests the configured bucket and table, and their replicas, and prints their capabilities.
 *
 * @returns The exit code: 0 if a registry can use them.
 * @throws {StartError} if neither is configured.
 */
export async function check(config: Config, print: (text: string) => void): Promise<number> {
  assertAws(config);
  await assertCredentials(config);
  const { s3Bucket, s3Prefix, dynamodbTable } = config;
  const bucket = await checkBucket(s3Options(config));
  const table = await checkTable(dynamoOptions(config));
  print(`Bucket "${s3Bucket}"${s3Prefix === "" ? "" : `, prefix "${s3Prefix}"`}\n`);
  print(`${findingsTable(bucket)}\n`);
  print(`Table "${dynamodbTable}"\n`);
  print(`${findingsTable(table)}\n`);
  const replicas = config.readReplicas.length === 0 ? [] : await checkReplicas(config, print);
  const works = suffices([...bucket, ...table, ...replicas]);
  print(works ? "All required capabilities work." : "A required capability does not work.");
  return works ? 0 : 1;
}
