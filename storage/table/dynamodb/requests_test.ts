// The requests of the driver, held against those of the AWS SDK.
import { assertEquals, assertMatch } from "@std/assert";
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
} from "@aws-sdk/client-dynamodb";
import { hash } from "node:crypto";
import { Signature } from "../../aws/mod.ts";
import { DynamoTable } from "./dynamo_table.ts";
import {
  type Captured,
  CREDENTIALS,
  credentials,
  REGION,
  sdkClient,
  sdkInput,
  startCapture,
} from "./testing/capture.ts";
import type { Requests } from "./wire.ts";

const COMMANDS = {
  BatchGetItem: BatchGetItemCommand,
  BatchWriteItem: BatchWriteItemCommand,
  DeleteItem: DeleteItemCommand,
  GetItem: GetItemCommand,
  PutItem: PutItemCommand,
  Query: QueryCommand,
  Scan: ScanCommand,
};

/** Every kind of request that the driver makes. */
async function makeRequests(table: DynamoTable): Promise<void> {
  const item = { pk: "p é", sk: "s ☃ \ud800", attributes: { n: 1, expiresAt: 1_800_000_000_000 } };
  const whole = { ...item, bytes: new Uint8Array([0, 255, 62, 63]), index: { pk: "ip", sk: "is" } };
  await table.get(item);
  await table.get(item, { consistent: true });
  await table.getMany([item, { pk: "p", sk: "t" }]);
  await table.getMany([item, { pk: "p", sk: "t" }], { consistent: true });
  await table.put(whole, { ifAbsent: true });
  await table.put(item, { ifVersion: "v" });
  await table.put({ ...item, bytes: new Uint8Array(0) }, { ifVersion: "v" });
  await table.putMany([whole]);
  await table.putMany([whole, { pk: "p", sk: "t", attributes: {} }]);
  await table.delete(item, { ifVersion: "v" });
  await table.query("p", { limit: 3 });
  await table.query("p", { limit: 3, prefix: "a", consistent: true });
  await table.query("p", { limit: 3, prefix: "a", after: "ab" });
  await table.query("p", { limit: 3, after: "ab" });
  await table.queryIndex("ip", { limit: 3, prefix: "a" });
  await table.scan({ limit: 4 });
  await table.scan({ limit: 4, consistent: true, after: item, segment: { number: 0, of: 3, cuts: [] } });
}

Deno.test("DynamoTable makes the requests that the AWS SDK would make", async () => {
  await using capture = await startCapture();
  const options = { table: "registry", region: REGION, endpoint: capture.endpoint };
  await using table = await DynamoTable.open(options, credentials);
  await makeRequests(table);
  const ours = capture.captured.splice(0);
  const sdk = sdkClient(capture.endpoint);
  for (const { headers, body } of ours) {
    const operation = String(headers["x-amz-target"]).split(".")[1] as keyof Requests;
    const Command = COMMANDS[operation] as typeof GetItemCommand;
    await sdk.send(new Command(sdkInput(body)));
  }
  sdk.destroy();
  const theirs = capture.captured;
  assertEquals(new Set(ours.map(({ headers }) => headers["x-amz-target"])).size, 7);
  assertEquals(theirs.length, ours.length);
  const NAMES = ["host", "content-type", "content-length", "x-amz-target", "x-amz-security-token"];
  for (const [i, one] of ours.entries()) {
    const other = theirs[i]!;
    assertEquals([one.method, one.url], [other.method, other.url]);
    assertEquals(JSON.parse(one.body), JSON.parse(other.body));
    for (const name of NAMES) {
      if (name === "content-length" && one.body.length !== other.body.length) continue;
      assertEquals(one.headers[name], other.headers[name], `${name} of ${one.headers["x-amz-target"]}`);
    }
    assertMatch(String(one.headers["x-amz-date"]), /^\d{8}T\d{6}Z$/);
    assertSigned(one);
    assertSigned(other);
  }
});

/** Signs the request as it has arrived, and compares. */
function assertSigned({ method = "", url = "", headers, body }: Captured): void {
  const [, signed = ""] = /SignedHeaders=([^,]+),/.exec(headers.authorization ?? "") ?? [];
  const names = signed.split(";").filter((name) =>
    !["host", "x-amz-date", "x-amz-security-token"].includes(name)
  );
  const [year, month, day, hour, minute, second] = String(headers["x-amz-date"])
    .match(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/)!.slice(1);
  const again = new Signature("dynamodb", REGION).sign(
    {
      method,
      host: headers.host ?? "",
      path: url,
      headers: Object.fromEntries(names.map((name) => [name, String(headers[name])])),
      payload: hash("sha256", body),
    },
    CREDENTIALS,
    new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`),
  );
  assertEquals(headers.authorization, again.authorization);
}
