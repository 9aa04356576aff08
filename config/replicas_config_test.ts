import { assertEquals } from "@std/assert";
import { replicaOptions } from "./aws_options.ts";
import { loadConfig } from "./config.ts";
import { problemsOf, withFile } from "./testing/load_config.ts";

const HOME = {
  SKERRY_STORAGE: "aws",
  SKERRY_S3_BUCKET: "layers",
  SKERRY_DYNAMODB_TABLE: "items",
  SKERRY_S3_PREFIX: "registry",
  AWS_REGION: "eu-central-1",
};
const NEAR = { region: "us-east-1", bucket: "layers-replica", table: "items" };
const R2 = {
  region: "auto",
  bucket: "layers",
  s3Endpoint: "https://account.r2.cloudflarestorage.com",
  accessKeyId: "key",
  secretAccessKey: "secret",
};

/** The environment with these replicas. */
const withReplicas = (...replicas: unknown[]) => ({
  ...HOME,
  SKERRY_READ_REPLICAS: JSON.stringify(replicas),
});

Deno.test("loadConfig() reads replicas from the environment and from a file", async () => {
  const { readReplicas, tableReads, replicationTime } = await loadConfig({
    ...withReplicas(NEAR, R2),
    SKERRY_TABLE_READS: "near",
    SKERRY_REPLICATION_TIME: "1h",
  });
  assertEquals([readReplicas, tableReads, replicationTime], [[NEAR, R2], "near", 3_600_000]);
  await withFile(JSON.stringify({ readReplicas: [NEAR] }), async (path) => {
    const config = await loadConfig({ ...HOME, SKERRY_CONFIG: path });
    assertEquals([config.readReplicas, config.tableReads], [[NEAR], "home"]);
  });
  assertEquals((await loadConfig({})).readReplicas, []);
});

Deno.test("loadConfig() explains invalid replicas", async () => {
  const { accessKeyId: _, ...keyless } = R2;
  const place = (at: string) => `readReplicas${at} (SKERRY_READ_REPLICAS): `;
  const withEndpoint = { ...NEAR, bucket: undefined, s3Endpoint: "https://s3.example.com" };
  assertEquals(
    await problemsOf(
      withReplicas({ region: "us-east-1" }, keyless, withEndpoint, { ...NEAR, bucket: 1, x: 1 }),
    ),
    [
      `${place("[0]")}Requires "bucket" or "table"`,
      `${place("[1].secretAccessKey")}Requires "accessKeyId"`,
      `${place("[2].s3Endpoint")}Requires "bucket"`,
      `${place("[3].x")}No such setting`,
    ],
  );
  assertEquals(await problemsOf({ ...HOME, SKERRY_READ_REPLICAS: "near" }), [
    `${place("")}Expected replicas in JSON, got "near"`,
  ]);
});

Deno.test("loadConfig() refuses replicas that contradict the home stores or other settings", async () => {
  const reasonsOf = async (environment: Record<string, string>) =>
    (await problemsOf(environment)).map((problem) => problem.replace(/^(\w+) \(\w+\)/, "$1"));
  const home = { region: "eu-central-1", bucket: "layers" };
  assertEquals(await reasonsOf(withReplicas(NEAR, home)), ["readReplicas: Replica 1: Is the home bucket"]);
  assertEquals(await reasonsOf(withReplicas({ region: "eu-central-1", table: "items" })), [
    "readReplicas: Replica 0: Is the home table",
  ]);
  assertEquals(await reasonsOf({ ...withReplicas(NEAR), AWS_ENDPOINT_URL_S3: "https://s3.example.com" }), [
    'readReplicas: Replica 0: Requires "s3Endpoint", as the home bucket has',
  ]);
  assertEquals(
    await reasonsOf({ ...withReplicas(NEAR), AWS_ENDPOINT_URL_DYNAMODB: "https://db.example.com" }),
    [
      'readReplicas: Replica 0: Requires "dynamodbEndpoint", as the home table has',
    ],
  );
  assertEquals(await reasonsOf({ ...withReplicas(NEAR), SKERRY_STORAGE: "folder" }), [
    'readReplicas: Requires "storage" to be "aws"',
  ]);
  assertEquals(await reasonsOf({ ...withReplicas(R2), SKERRY_TABLE_READS: "near" }), [
    'tableReads: Must be "home" unless a replica in "readReplicas" has a "table"',
  ]);
  const items = { region: "us-east-1", table: "items" };
  assertEquals(await reasonsOf({ ...withReplicas(items), SKERRY_REPLICATION_TIME: "1h" }), [
    'replicationTime: Must be 0 unless a replica in "readReplicas" has a "bucket"',
  ]);
  assertEquals(await reasonsOf({ SKERRY_TABLE_READS: "near" }), [
    'tableReads: Must be "home" unless a replica in "readReplicas" has a "table"',
  ]);
});

Deno.test("replicaOptions() has the prefix and the endpoints of a replica, and short limits", async () => {
  const config = await loadConfig(withReplicas(NEAR, R2));
  const limits = { attemptTimeout: 1_500, deadline: 1_500 };
  const { s3, dynamo } = replicaOptions(config, NEAR);
  assertEquals(s3, {
    bucket: "layers-replica",
    region: "us-east-1",
    prefix: "registry/",
    pathStyle: false,
    partSize: 16 * 2 ** 20,
    urlLifetime: 3_600_000,
    ...limits,
  });
  assertEquals(dynamo, { table: "items", region: "us-east-1", ...limits });
  const copy = replicaOptions(config, R2);
  assertEquals([copy.s3?.endpoint, copy.s3?.region, copy.dynamo], [R2.s3Endpoint, "auto", undefined]);
});
