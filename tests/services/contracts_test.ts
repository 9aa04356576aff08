import { runTests } from "../harness/test_run.ts";
import { CREDENTIALS_ENV } from "../harness/credentials.ts";
import { startDynamoDb } from "./dynamodb.ts";
import { startRadosGw } from "./radosgw.ts";
import { createBucket } from "./stores.ts";
import { startVersityGw } from "./versitygw.ts";

const BUCKET = "contract";

// The gateway keeps objects as files, where a key can't be another one's folder.
for (
  const [start, quirks] of [[startVersityGw, { SKERRY_TEST_S3_FILES: "on" }], [startRadosGw, {}]] as const
) {
  Deno.test(`${start.name}() keeps the contract of an object store`, async (t) => {
    await using service = await start();
    await createBucket(service.endpoint, BUCKET);
    await runTests(t, {
      paths: ["storage/objects/s3/real_store_test.ts"],
      env: {
        ...CREDENTIALS_ENV,
        ...quirks,
        SKERRY_TEST_S3_ENDPOINT: service.endpoint,
        SKERRY_TEST_S3_BUCKET: BUCKET,
      },
    });
  });
}

Deno.test("startDynamoDb() keeps the contract of a table", async (t) => {
  await using service = await startDynamoDb();
  await runTests(t, {
    paths: ["storage/table/dynamodb"],
    env: { SKERRY_TEST_DYNAMODB_ENDPOINT: service.endpoint },
  });
});
