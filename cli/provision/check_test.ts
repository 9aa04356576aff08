import { assertEquals, assertMatch } from "@std/assert";
import { readSettings } from "../../config/mod.ts";
import { startS3 } from "../../tests/s3/mod.ts";
import { createTable, CREDENTIALS_ENV, startDynalite } from "../../tests/services/mod.ts";
import { S3ObjectStore } from "../../storage/objects/s3/mod.ts";
import { DynamoTable } from "../../storage/table/dynamodb/mod.ts";
import { dynamoOptions, readConfig, s3Options } from "../../config/mod.ts";
import { check } from "./check.ts";

Deno.test("check() tries the bucket and the table, and leaves nothing in them", async () => {
  await using s3 = await startS3({ quirks: { ignoresContentHash: true } });
  await using dynalite = await startDynalite();
  await createTable(dynalite.endpoint, "registry");
  for (const [name, value] of Object.entries(CREDENTIALS_ENV)) Deno.env.set(name, value);
  const configOf = (more: Record<string, string>) =>
    readSettings({
      AWS_REGION: s3.region,
      AWS_ENDPOINT_URL: dynalite.endpoint,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      SKERRY_STORAGE: "aws",
      SKERRY_S3_BUCKET: s3.bucket,
      SKERRY_S3_PREFIX: "registry",
      SKERRY_S3_PATH_STYLE: "on",
      SKERRY_DYNAMODB_TABLE: "registry",
      ...more,
    })!;
  const checked = async (more: Record<string, string>) => {
    let printed = "";
    const code = await check(configOf(more), (text) => printed += `${text}\n`);
    return { code, printed };
  };

  const { code, printed } = await checked({});
  assertEquals(code, 0, printed);
  assertMatch(
    printed,
    /^ {2}reject content with a wrong hash +no +no +The store accepted .* hashes every push itself/m,
  );
  assertMatch(printed, /^ {2}clean up +no +works$/m);
  assertEquals(s3.log.filter(({ key }) => key !== "" && !key.startsWith("registry/probe/")), []);

  const absent = await checked({ SKERRY_DYNAMODB_TABLE: "absent" });
  assertEquals(absent.code, 1);
  assertMatch(absent.printed, /^ {2}write an item and read it consistently +yes +FAILS +Requested resource/m);
  assertMatch(absent.printed, /^A required capability does not work\.$/m);
});

Deno.test("check() looks for the content of the home stores in each replica, and writes nothing to it", async () => {
  await using home = await startS3();
  await using near = await startS3();
  await using dynalite = await startDynalite();
  for (const name of ["registry", "near"]) await createTable(dynalite.endpoint, name);
  for (const [name, value] of Object.entries(CREDENTIALS_ENV)) Deno.env.set(name, value);
  const { port } = new URL(dynalite.endpoint);
  const config = await readConfig({
    AWS_REGION: home.region,
    AWS_ENDPOINT_URL: dynalite.endpoint,
    AWS_ENDPOINT_URL_S3: home.endpoint,
    SKERRY_STORAGE: "aws",
    SKERRY_S3_BUCKET: home.bucket,
    SKERRY_S3_PATH_STYLE: "on",
    SKERRY_DYNAMODB_TABLE: "registry",
    SKERRY_READ_REPLICAS: JSON.stringify([
      { region: near.region, bucket: near.bucket, s3Endpoint: near.endpoint },
      { region: near.region, table: "near", dynamodbEndpoint: `http://localhost:${port}` },
    ]),
  });
  const objects = await S3ObjectStore.open(s3Options(config));
  await objects.put("blobs/a", new Uint8Array(3));
  await using table = await DynamoTable.open(dynamoOptions(config));
  await table.put({ pk: "repos", sk: "a", attributes: {} }, { ifAbsent: true });
  const checked = async () => {
    let printed = "";
    const code = await check(config, (text) => printed += `${text}\n`);
    return { code, printed };
  };

  const lagging = await checked();
  assertEquals(lagging.code, 0, lagging.printed);
  assertMatch(
    lagging.printed,
    /have the content of the home bucket +no +no +1 of 1 objects are absent or differ/,
  );
  assertMatch(lagging.printed, /have the items of the home table +no +no +1 of 1 items are absent or differ/);
  assertEquals(new Set(near.log.map(({ operation }) => operation)), new Set(["HeadObject"]));

  const gone = JSON.stringify([{ region: near.region, table: "none", dynamodbEndpoint: dynalite.endpoint }]);
  const refused = { ...config, readReplicas: JSON.parse(gone) };
  let printed = "";
  assertEquals(await check(refused, (text) => printed += text), 1);
  assertMatch(printed, /tell that an item is absent +yes +FAILS/);
});
