import { assertEquals } from "@std/assert";
import { dirname } from "node:path";
import { loadConfig } from "./config.ts";
import { problemsOf, withFile } from "./testing/load_config.ts";

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

Deno.test("loadConfig() names the place of an error in a retention rule", async () => {
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
