import { assert, assertEquals, assertRejects } from "@std/assert";
import { dirname } from "node:path";
import { ConfigError, loadConfig } from "./config.ts";
import type { Config } from "./settings.ts";

/** What is wrong with this environment, by line. */
async function problemsOf(environment: Record<string, string>): Promise<string[]> {
  return (await assertRejects(() => loadConfig(environment), ConfigError)).problems;
}

/** Runs `test` with the path of a configuration file of this content. */
async function withFile(content: string, test: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(path, content);
    await test(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("loadConfig() gives the defaults when nothing is set", async () => {
  const config: Config = await loadConfig({ PATH: "/bin" });
  assertEquals(config, {
    port: 8000,
    host: "127.0.0.1",
    storage: "folder",
    data: "./data",
    s3Bucket: "",
    s3Prefix: "",
    s3PathStyle: false,
    s3PartSize: 16_777_216,
    s3VerifiesContent: "auto",
    dynamodbTable: "",
    awsRegion: "",
    s3Endpoint: "",
    dynamodbEndpoint: "",
    awsEndpoint: "",
    check: false,
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
    retentionInterval: 3_600_000,
    grace: 86_400_000,
    deadline: 60_000,
    cacheAge: 0,
    log: "auto",
    logProbes: false,
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

Deno.test("loadConfig() wants the deadline and the cache age far below the grace time", async () => {
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

Deno.test("loadConfig() names each setting that AWS needs and nobody gave", async () => {
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

Deno.test("loadConfig() keeps what Deno Deploy is told to keep in AWS", async () => {
  assertEquals((await loadConfig({ ...AWS, DENO_DEPLOY: "true" })).storage, "aws");
});

Deno.test("loadConfig() reads YAML, and the environment wins over it", async () => {
  await withFile(
    "port: 9000\nreadOnly: true # a comment\nuploadExpiry: 2h\nmaxBlobSize: 17\n",
    async (path) => {
      const config = await loadConfig({ SKERRY_CONFIG: path, SKERRY_READ_ONLY: "off" });
      assertEquals([config.port, config.readOnly, config.uploadExpiry, config.maxBlobSize], [
        9000,
        false,
        7_200_000,
        17,
      ]);
    },
  );
});

Deno.test("loadConfig() reads JSON and an empty file", async () => {
  await withFile('{"port": "9000", "deleteTags": false}', async (path) => {
    const config = await loadConfig({ SKERRY_CONFIG: path });
    assertEquals([config.port, config.deleteTags], [9000, false]);
  });
  await withFile("", async (path) => {
    assertEquals((await loadConfig({ SKERRY_CONFIG: path })).port, 8000);
  });
});

Deno.test("loadConfig() names wrong and unknown keys of the file with its path", async () => {
  await withFile('{"host": ["a"], "__proto__": 1, "Port": 1}', async (path) => {
    assertEquals(await problemsOf({ SKERRY_CONFIG: path, PORT: "x" }), [
      'port (PORT): Expected a port from 0 to 65535, got "x"',
      `host (${path}): Expected text, got ["a"]`,
      `__proto__ (${path}): No such setting`,
      `Port (${path}): No such setting`,
    ]);
  });
});

Deno.test("loadConfig() names the place where the file is no YAML", async () => {
  await withFile("port: 1\nport: 2\n", async (path) => {
    const [problem] = await problemsOf({ SKERRY_CONFIG: path });
    assertEquals(problem, `${path}:2:1: Map keys must be unique`);
  });
  await withFile("- port\n", async (path) => {
    assertEquals(await problemsOf({ SKERRY_CONFIG: path }), [`${path}: Expected a map of settings`]);
  });
});

Deno.test("loadConfig() names a file that can't be read", async () => {
  const [problem] = await problemsOf({ SKERRY_CONFIG: "/nowhere/skerry.yaml" });
  assertEquals(problem, 'SKERRY_CONFIG: Cannot read "/nowhere/skerry.yaml": No such file or directory');
});

const RULES = `retention:
  - repositories: ["ci/**", "cache/*"]
    keepTags:
      - tags: ["v*", latest]
      - tags: [pr-*]
        pushedWithin: 30d
      - newest: 10
      - pulledWithin: 14d
    untaggedFor: 7d
  - repositories: ["**"]
`;

const DAY = 86_400_000;

Deno.test("loadConfig() reads rules of retention from the file, and as JSON from the environment", async () => {
  const rules = [{
    repositories: ["ci/**", "cache/*"],
    keepTags: [
      { tags: ["v*", "latest"] },
      { tags: ["pr-*"], pushedWithin: 30 * DAY },
      { tags: ["*"], newest: 10 },
      { tags: ["*"], pulledWithin: 14 * DAY },
    ],
    untaggedFor: 7 * DAY,
  }, { repositories: ["**"] }];
  await withFile(RULES, async (path) => {
    assertEquals((await loadConfig({ SKERRY_CONFIG: path })).retention, rules);
    const json = '[{"repositories": ["a"], "untaggedFor": "1h"}]';
    assertEquals((await loadConfig({ SKERRY_CONFIG: path, SKERRY_RETENTION: json })).retention, [
      { repositories: ["a"], untaggedFor: 3_600_000 },
    ]);
  });
});

Deno.test("loadConfig() names what is wrong in a rule of retention with its place", async () => {
  const content = `retention:
  - repositories: []
    untagedFor: 7d
  - repositories: ["a", 1]
    keepTags:
      - pushedWithin: 30 days
        typo: 1
      - newest: 0
      - newest: 1
        pulledWithin: 1d
      - tags: x
    untaggedFor: 7
  - repositories: ["b"]
    keepTags: []
  - text
`;
  await withFile(content, async (path) => {
    const span = (min: string) => `Expected a duration from ${min} to 3650d, such as "90s", "15m" or "24h"`;
    assertEquals(await problemsOf({ SKERRY_CONFIG: path }), [
      `retention[0].repositories (${path}): Expected at least one pattern`,
      `retention[0].untagedFor (${path}): No such setting`,
      `retention[1].repositories[1] (${path}): Expected a pattern, got 1`,
      `retention[1].keepTags[0].pushedWithin (${path}): ${span("1s")}, got "30 days"`,
      `retention[1].keepTags[0].typo (${path}): No such setting`,
      `retention[1].keepTags[1].newest (${path}): Expected a whole number from 1 to 10000, got 0`,
      `retention[1].keepTags[2] (${path}): Expected one of newest and pulledWithin: use a separate entry for each`,
      `retention[1].keepTags[3].tags (${path}): Expected a list of patterns, got "x"`,
      `retention[1].untaggedFor (${path}): ${span("0")}, got 7`,
      `retention[2].keepTags (${path}): Expected at least one entry: without keepTags every tag stays`,
      `retention[3] (${path}): Expected a map with repositories and any of keepTags, untaggedFor, got "text"`,
    ]);
  });
  assertEquals(await problemsOf({ SKERRY_RETENTION: "[{" }), [
    'retention (SKERRY_RETENTION): Expected rules in JSON, got "[{"',
  ]);
  assertEquals(await problemsOf({ SKERRY_RETENTION: '{"repositories": ["**"]}' }), [
    'retention (SKERRY_RETENTION): Expected a list of rules, got {"repositories":["**"]}',
  ]);
});

Deno.test("loadConfig() takes paths in the file as relative to its folder, and those of the environment as they are", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/skerry.yaml`;
    const auth = "{ url: https://registry.test, htpasswd: users/htpasswd, keys: keys.json }";
    await Deno.writeTextFile(path, `data: ./content\nauth: ${auth}\n`);
    const config = await loadConfig({ SKERRY_CONFIG: path });
    assertEquals(
      [config.data, config.auth?.htpasswd, config.auth?.keys],
      [`${folder}/content`, `${folder}/users/htpasswd`, `${folder}/keys.json`],
    );
    const variables = await loadConfig({ SKERRY_CONFIG: path, SKERRY_DATA: "./mine", SKERRY_AUTH: auth });
    assertEquals(
      [variables.data, variables.auth?.htpasswd, variables.auth?.keys],
      ["./mine", "users/htpasswd", "keys.json"],
    );

    const external = "{ realm: https://token.test, issuer: i, service: s, keys: token.pem }";
    await Deno.writeTextFile(path, `auth: { url: https://registry.test, external: ${external} }\n`);
    const other = await loadConfig({ SKERRY_CONFIG: path });
    assertEquals([other.auth?.external?.keys, other.data], [`${folder}/token.pem`, "./data"]);

    const inline = '{"keys": []}';
    await Deno.writeTextFile(
      path,
      `data: /srv/skerry\nauth: { url: https://registry.test, htpasswd: /etc/htpasswd, keys: '${inline}' }\n`,
    );
    const absolute = await loadConfig({ SKERRY_CONFIG: path });
    assertEquals(
      [absolute.data, absolute.auth?.htpasswd, absolute.auth?.keys],
      ["/srv/skerry", "/etc/htpasswd", inline],
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("loadConfig() refuses a relative data folder when the registry is at that path from the working directory", async () => {
  const folder = await Deno.makeTempDir();
  const working = Deno.cwd();
  const write = async (path: string) => {
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, "");
  };
  try {
    const started = `${folder}/started`;
    const path = `${folder}/etc/skerry.yaml`;
    await write(`${started}/data/table.sqlite`);
    await write(path);
    await Deno.writeTextFile(path, "data: ./data\n");
    Deno.chdir(started);
    const [here, beside] = [`${Deno.cwd()}/data`, `${folder}/etc/data`];
    assertEquals(await problemsOf({ SKERRY_CONFIG: path }), [
      `data (${path}): Cannot use "${beside}": it has no registry, but "${here}" has one. ` +
      "A path in the file is relative to the file, no longer to the working directory: write the full path",
    ]);
    await Deno.writeTextFile(path, `data: ${here}\n`);
    assertEquals((await loadConfig({ SKERRY_CONFIG: path })).data, here);
    await Deno.writeTextFile(path, "data: ./data\nstorage: memory\n");
    assertEquals((await loadConfig({ SKERRY_CONFIG: path })).storage, "memory");
    await Deno.writeTextFile(path, "data: ./data\n");
    await write(`${beside}/table.sqlite`);
    assertEquals((await loadConfig({ SKERRY_CONFIG: path })).data, beside);
  } finally {
    Deno.chdir(working);
    await Deno.remove(folder, { recursive: true });
  }
});
