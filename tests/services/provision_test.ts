import { assertEquals } from "@std/assert";
import { check, provision } from "../../cli/testing/mod.ts";
import { type Config, readSettings } from "../../config/mod.ts";
import { CREDENTIALS_ENV } from "../harness/credentials.ts";
import { startDynamoDb } from "./dynamodb.ts";
import { startRadosGw } from "./radosgw.ts";
import { startVersityGw } from "./versitygw.ts";

for (const [name, value] of Object.entries(CREDENTIALS_ENV)) Deno.env.set(name, value);

/** First words of the lines of a command's output, and its exit code. */
async function states(
  command: (print: (text: string) => void) => Promise<number>,
): Promise<{ code: number; states: string[]; printed: string }> {
  let printed = "";
  const code = await command((text) => printed += `${text}\n`);
  return { code, states: printed.trimEnd().split("\n").map((line) => line.split(" ")[0]!), printed };
}

const provisioned = (config: Config, dryRun = false) =>
  states((print) => provision(config, print, { dryRun }));

/** Every store, and its answers to public access blocks, to a lifecycle rule, and to a read of the rules. */
const STORES = [
  {
    start: startVersityGw,
    extras: ["warning", "warning", "warning"],
    again: ["warning", "warning", "warning"],
  },
  { start: startRadosGw, extras: ["done", "done", "exists"], again: ["exists", "exists", "exists"] },
];

for (const { start, extras, again } of STORES) {
  Deno.test(`provision() creates stores that check() finds sufficient, with ${start.name}() and DynamoDB Local`, async () => {
    await using s3 = await start();
    await using dynamo = await startDynamoDb();
    const config = readSettings({
      ...CREDENTIALS_ENV,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
      SKERRY_STORAGE: "aws",
      SKERRY_S3_BUCKET: "layers",
      SKERRY_S3_PREFIX: "registry",
      SKERRY_S3_PATH_STYLE: "on",
      SKERRY_DYNAMODB_TABLE: "registry",
    })!;
    const dry = await provisioned(config, true);
    assertEquals([dry.code, dry.states.includes("done")], [0, false], dry.printed);
    // DynamoDB Local knows no point-in-time recovery.
    const first = await provisioned(config);
    assertEquals(first.states, ["done", ...extras, "done", "exists", "done", "warning"], first.printed);
    const second = await provisioned(config);
    assertEquals(
      second.states,
      ["exists", ...again, "exists", "exists", "exists", "warning"],
      second.printed,
    );
    assertEquals([first.code, second.code], [0, 0]);
    const checked = await states((print) => check(config, print));
    assertEquals(checked.code, 0, checked.printed);
    // Both stores have all tested capabilities, and so has DynamoDB Local.
    const tried = checked.printed.split("\n").filter((line) => /^ {2}(?!capability)/.test(line));
    assertEquals(tried.filter((line) => !line.endsWith("works")), []);
    assertEquals(tried.length, 19);
  });
}
