import { assert, assertEquals } from "@std/assert";
import { loadConfig } from "./config.ts";
import type { Config } from "./configuration.ts";
import { problemsOf } from "./testing/load_config.ts";

Deno.test("loadConfig() gives the defaults when nothing is set", async () => {
  const config: Config = await loadConfig({ PATH: "/bin" });
  assertEquals(config, {
    port: 8000,
    host: "127.0.0.1",
    metricsPort: "off",
    metricsHost: "127.0.0.1",
    tlsCert: "",
    tlsKey: "",
    workers: 1,
    storage: "folder",
    data: "./data",
    s3Bucket: "",
    s3Prefix: "",
    s3PathStyle: false,
    s3PartSize: 16_777_216,
    s3VerifiesContent: "auto",
    dynamodbTable: "",
    delivery: "proxy",
    deliveryRules: [],
    redirectEndpoint: "",
    redirectKeyPairId: "",
    redirectKey: "",
    redirectLifetime: 3_600_000,
    awsRegion: "",
    s3Endpoint: "",
    dynamodbEndpoint: "",
    awsEndpoint: "",
    readReplicas: [],
    tableReads: "home",
    replicationTime: 0,
    check: false,
    webhooks: [],
    purgeToken: "",
    purgeTokenFile: "",
    readOnly: false,
    deleteTags: true,
    deleteManifests: true,
    deleteBlobs: true,
    references: "strict",
    maxManifestSize: 4_194_304,
    maxBlobSize: 5 * 2 ** 40,
    uploadExpiry: 86_400_000,
    uploadIdleTimeout: 60_000,
    sweepInterval: 900_000,
    collectInterval: 86_400_000,
    retention: [],
    verify: [],
    retentionInterval: 3_600_000,
    grace: 86_400_000,
    deadline: 60_000,
    drain: 4_000,
    shutdownTimeout: 4_500,
    cacheAge: 0,
    log: "auto",
    logProbes: false,
    ui: true,
    apiOrigins: [],
  });
});

Deno.test("loadConfig() reads every kind of value from the environment", async () => {
  const config = await loadConfig({
    PORT: "0",
    HOST: "::",
    SKERRY_DATA: "/srv/skerry",
    SKERRY_READ_ONLY: "on",
    SKERRY_DELETE_TAGS: "false",
    SKERRY_REFERENCES: "sparse",
    SKERRY_MAX_MANIFEST_SIZE: "4194305",
    SKERRY_MAX_BLOB_SIZE: "2GiB",
    SKERRY_UPLOAD_EXPIRY: "90m",
    SKERRY_SWEEP_INTERVAL: "0",
    SKERRY_DEADLINE: "250ms",
    SKERRY_GRACE: "1d",
    SKERRY_LOG: "json",
  });
  assertEquals([config.port, config.host, config.data], [0, "::", "/srv/skerry"]);
  assertEquals([config.readOnly, config.deleteTags, config.deleteBlobs], [true, false, true]);
  assertEquals([config.references, config.log], ["sparse", "json"]);
  assertEquals([config.maxManifestSize, config.maxBlobSize], [4_194_305, 2 ** 31]);
  assertEquals([config.uploadExpiry, config.sweepInterval, config.deadline, config.grace], [
    5_400_000,
    0,
    250,
    86_400_000,
  ]);
});

Deno.test("loadConfig() takes an empty variable for none", async () => {
  assertEquals((await loadConfig({ PORT: "", SKERRY_CONFIG: "" })).port, 8000);
});

Deno.test("loadConfig() names every wrong setting with its variable and its reason at once", async () => {
  const problems = await problemsOf({
    PORT: "65536",
    SKERRY_READ_ONLY: "maybe",
    SKERRY_REFERENCES: "loose",
    SKERRY_MAX_MANIFEST_SIZE: "4MB",
    SKERRY_UPLOAD_EXPIRY: "15",
    SKERRY_DELTE_TAGS: "off",
  });
  assertEquals(problems, [
    "SKERRY_DELTE_TAGS: No such setting",
    'port (PORT): Expected a port from 0 to 65535, got "65536"',
    'readOnly (SKERRY_READ_ONLY): Expected "on" or "off", got "maybe"',
    'references (SKERRY_REFERENCES): Expected one of "strict", "sparse", got "loose"',
    'maxManifestSize (SKERRY_MAX_MANIFEST_SIZE): Expected a size from 64KiB to 64MiB, such as "512KiB", "4MiB" or ' +
    'a number of bytes, got "4MB"',
    'uploadExpiry (SKERRY_UPLOAD_EXPIRY): Expected a duration from 1s to 3650d, such as "90s", "15m" or "24h", got "15"',
  ]);
});

Deno.test("loadConfig() refuses values out of bounds", async () => {
  for (
    const [variable, value] of [
      ["PORT", "-1"],
      ["PORT", "80.5"],
      ["SKERRY_UPLOAD_EXPIRY", "0"],
      ["SKERRY_UPLOAD_EXPIRY", "999ms"],
      ["SKERRY_GRACE", "999999999999999d"],
      ["SKERRY_UPLOAD_IDLE_TIMEOUT", "25d"],
      ["SKERRY_READ_ONLY", "constructor"],
      ["SKERRY_MAX_BLOB_SIZE", "0"],
      ["SKERRY_MAX_BLOB_SIZE", "6TiB"],
      ["SKERRY_MAX_MANIFEST_SIZE", "65MiB"],
      ["SKERRY_S3_PART_SIZE", "5242879"],
      ["SKERRY_S3_PART_SIZE", "6GiB"],
      ["SKERRY_S3_PREFIX", "/registry"],
      ["SKERRY_S3_PREFIX", "a//b"],
      ["SKERRY_S3_PREFIX", "a/../b"],
      ["SKERRY_S3_PREFIX", "a".repeat(513)],
      ["AWS_ENDPOINT_URL", "s3.example.com"],
      ["AWS_ENDPOINT_URL_S3", "ftp://s3.example.com"],
      ["AWS_ENDPOINT_URL_DYNAMODB", "https://example.com/?a=b"],
    ] as const
  ) {
    const problems = await problemsOf({ [variable]: value });
    assert(problems.some((problem) => problem.includes(`(${variable}): Expected`)), `${variable}=${value}`);
  }
});

Deno.test("loadConfig() wants the deadline and the cache age far below the grace period", async () => {
  const most = { SKERRY_GRACE: "4s", SKERRY_DEADLINE: "1s", SKERRY_CACHE_AGE: "1s" };
  assertEquals((await loadConfig(most)).deadline, 1000);
  assertEquals(await problemsOf({ ...most, SKERRY_DEADLINE: "1001ms", SKERRY_CACHE_AGE: "1001ms" }), [
    'deadline (SKERRY_DEADLINE): Must be at most a quarter of "grace"',
    'cacheAge (SKERRY_CACHE_AGE): Must be at most a quarter of "grace"',
  ]);
});

Deno.test("loadConfig() wants uploads to outlast a request and the difference between clocks", async () => {
  const least = { SKERRY_UPLOAD_EXPIRY: "4s", SKERRY_GRACE: "8s", SKERRY_DEADLINE: "1s" };
  assertEquals((await loadConfig(least)).uploadExpiry, 4000);
  const [brief, unclear] = [
    'uploadExpiry (SKERRY_UPLOAD_EXPIRY): Must be at least four times "deadline"',
    'uploadExpiry (SKERRY_UPLOAD_EXPIRY): Must be at least 20m, or half of "grace" where that is less',
  ];
  assertEquals(await problemsOf({ ...least, SKERRY_DEADLINE: "1001ms" }), [brief]);
  assertEquals(await problemsOf({ ...least, SKERRY_GRACE: "9s" }), [unclear]);
  assertEquals(await problemsOf({ SKERRY_UPLOAD_EXPIRY: "3s" }), [brief, unclear]);
  assertEquals(await problemsOf({ SKERRY_UPLOAD_EXPIRY: "1199s" }), [unclear]);
  assertEquals((await loadConfig({ SKERRY_UPLOAD_EXPIRY: "20m" })).uploadExpiry, 1_200_000);
});

Deno.test("loadConfig() ignores the variables that Kubernetes sets beside a service named skerry", async () => {
  await loadConfig({
    SKERRY_SERVICE_HOST: "10.0.0.1",
    SKERRY_SERVICE_PORT_HTTP: "80",
    SKERRY_PORT: "tcp://10.0.0.1:80",
    SKERRY_PORT_80_TCP: "tcp://10.0.0.1:80",
    SKERRY_PORT_80_TCP_ADDR: "10.0.0.1",
    SKERRY_REGISTRY_SERVICE_HOST: "10.0.0.2",
  });
  assertEquals(await problemsOf({ SKERRY_PORT: "9000" }), ["SKERRY_PORT: No such setting"]);
});

Deno.test("loadConfig() keeps everything in memory on Deno Deploy unless a data folder is set", async () => {
  const storage = async (environment: Record<string, string>) => (await loadConfig(environment)).storage;
  assertEquals(await storage({ DENO_DEPLOY: "1" }), "memory");
  assertEquals(await storage({ DENO_DEPLOY: "true", SKERRY_DATA: "/data" }), "folder");
  assertEquals(await storage({ DENO_DEPLOY: "true", SKERRY_STORAGE: "folder" }), "folder");
});

/** All that `aws` needs. */
const AWS = {
  SKERRY_STORAGE: "aws",
  SKERRY_S3_BUCKET: "layers",
  SKERRY_DYNAMODB_TABLE: "registry",
  AWS_REGION: "eu-central-1",
};

Deno.test("loadConfig() names each missing setting that AWS requires", async () => {
  assertEquals((await loadConfig(AWS)).storage, "aws");
  assertEquals(await problemsOf({ SKERRY_STORAGE: "aws" }), [
    's3Bucket (SKERRY_S3_BUCKET): Must be set where "storage" is "aws"',
    'dynamodbTable (SKERRY_DYNAMODB_TABLE): Must be set where "storage" is "aws"',
    'awsRegion (AWS_REGION): Must be set where "storage" is "aws"',
  ]);
});

Deno.test("loadConfig() reads the names that AWS gives its own settings", async () => {
  const config = await loadConfig({
    ...AWS,
    AWS_ENDPOINT_URL: "http://127.0.0.1:9000/",
    AWS_ENDPOINT_URL_S3: "https://s3.example.com/base/",
    AWS_ENDPOINT_URL_DYNAMODB: "https://example.com:8443",
  });
  assertEquals([config.awsRegion, config.awsEndpoint, config.s3Endpoint, config.dynamodbEndpoint], [
    "eu-central-1",
    "http://127.0.0.1:9000",
    "https://s3.example.com/base",
    "https://example.com:8443",
  ]);
});

Deno.test("loadConfig() takes a prefix for a folder with or without its slash", async () => {
  for (const prefix of ["team/registry", "team/registry/"]) {
    assertEquals((await loadConfig({ SKERRY_S3_PREFIX: prefix })).s3Prefix, "team/registry/");
  }
});

Deno.test("loadConfig() keeps the AWS settings of Deno Deploy", async () => {
  assertEquals((await loadConfig({ ...AWS, DENO_DEPLOY: "true" })).storage, "aws");
});
