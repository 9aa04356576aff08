import { type Config, dynamoOptions, s3Options } from "../../config/mod.ts";
import { assertAws } from "./aws_only.ts";
import { assertCredentials } from "./aws_reach.ts";
import { checkBucket, checkTable, type Finding, suffices } from "../../storage/check/mod.ts";

/**
 * `skerry check`: tests the configured bucket and table, and prints their capabilities.
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
  const works = suffices([...bucket, ...table]);
  print(works ? "All required capabilities work." : "A required capability does not work.");
  return works ? 0 : 1;
}

/** A line for each finding, in columns. */
export function findingsTable(findings: Finding[]): string {
  const rows = [
    ["capability", "required", "result", ""],
    ...findings.map(({ capability, needed, works, note }) => [
      capability,
      needed ? "yes" : "no",
      works === undefined ? "not tested" : works ? "works" : needed ? "FAILS" : "no",
      note,
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd()
  );
  return lines.map((line) => `  ${line}`).join("\n");
}
