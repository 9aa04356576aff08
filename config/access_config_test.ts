import { assert, assertEquals } from "@std/assert";
import { accessSchema, readAccess } from "./access_config.ts";
import { seeded } from "../tests/random.ts";
import {
  dataOf,
  GITHUB,
  HASH,
  HOUR,
  MINUTE,
  policy,
  problemsOf,
  URL_ALONE,
} from "./testing/access_config.ts";

Deno.test("accessSchema has a default for all but the URL", () => {
  assertEquals(accessSchema.parse(URL_ALONE), {
    url: "https://registry.example",
    service: "registry.example",
    challenge: "bearer",
    tokenLifetime: 15 * MINUTE,
    refreshLifetime: 90 * 24 * HOUR,
    issuers: [],
    administrators: [],
    groups: {},
    policies: [],
    immutable: [],
    limits: { requestsPerMinute: 0, failedLogins: 5, openUploads: 100, openUploadBytes: 100 * 2 ** 30 },
    quotas: [],
  });
});

Deno.test("accessSchema fills in the defaults of an issuer, a rule, limits and a proxy", async () => {
  const config = await dataOf({
    url: "https://registry.example:8443/",
    issuers: [GITHUB, { ...GITHUB, name: "b", issuer: "https://b.example", audiences: ["x"], subject: "id" }],
    immutable: [{ repositories: ["a/**"] }],
    limits: { failedLogins: 0, openUploadBytes: "1MiB" },
    proxy: { trusted: ["10.0.0.0/8"], identityHeader: "X-Client" },
    quotas: [{ repositories: "a/**", bytes: "2GiB" }, { repositories: "b", bytes: 17 }],
  });
  assertEquals([config.url, config.service], ["https://registry.example:8443", "registry.example:8443"]);
  assertEquals(config.issuers, [
    { ...GITHUB, audiences: ["registry.example:8443"], subject: "sub", tokenLifetime: HOUR },
    { name: "b", issuer: "https://b.example", audiences: ["x"], subject: "id", tokenLifetime: HOUR },
  ]);
  assertEquals(config.immutable, [{ repositories: ["a/**"], tags: ["*"], except: [] }]);
  assertEquals(config.limits, {
    requestsPerMinute: 0,
    failedLogins: 0,
    openUploads: 100,
    openUploadBytes: 2 ** 20,
  });
  assertEquals(config.proxy?.forwardedFor, false);
  assertEquals(config.quotas.map(({ bytes }) => bytes), [2 * 2 ** 30, 17]);
  const { issuers } = await dataOf({ service: "skerry", issuers: [GITHUB] });
  assertEquals(issuers[0]?.audiences, ["skerry"]);
});

Deno.test("accessSchema makes patterns of claims out of single values, numbers and truth", async () => {
  const where = { repository: "acme/*", repository_id: 42, protected: [true, "x"] };
  const config = await dataOf({
    issuers: [GITHUB],
    policies: [{ repositories: ["a"], allow: [{ to: ["workload:github"], actions: ["push"], where }] }],
  });
  assertEquals(config.policies[0]?.allow[0]?.where, {
    repository: ["acme/*"],
    repository_id: ["42"],
    protected: ["true", "x"],
  });
});

Deno.test("accessSchema refuses patterns of claims that text is not, and conditions without one", async () => {
  for (const value of [null, 1.5, 2 ** 53, "", "x".repeat(1025), {}, [], [[]], [null], ["a", ""]]) {
    const where = { ref: value };
    const problems = await problemsOf({
      issuers: [GITHUB],
      policies: [{ repositories: ["a"], allow: [{ to: ["workload:github"], actions: ["push"], where }] }],
    });
    assertEquals(problems.length, 1, JSON.stringify(value));
    assert(problems[0]!.startsWith("policies.0.allow.0.where.ref"), problems[0]);
  }
  const allow = [{ to: ["workload:github"], actions: ["push"], where: {} }];
  assertEquals(await problemsOf({ issuers: [GITHUB], policies: [{ repositories: ["a"], allow }] }), [
    "policies.0.allow.0.where: Expected at least one claim",
  ]);
});

Deno.test("accessSchema keeps conditions, groups and users with any name", async () => {
  const proto = (value: unknown) => JSON.parse(`{"__proto__": ${JSON.stringify(value)}, "ref": "main"}`);
  const allow = [{ to: ["workload:github"], actions: ["push"], where: proto("x") }];
  assertEquals(await problemsOf({ issuers: [GITHUB], policies: [{ repositories: ["a"], allow }] }), [
    "policies.0.allow.0.where.__proto__: Expected the name of a claim",
  ]);
  assertEquals(await problemsOf({ groups: JSON.parse('{"__proto__": ["user:a"]}') }), [
    'groups.__proto__: Expected a name such as "team"',
  ]);
  assertEquals(await problemsOf({ users: JSON.parse(`{"__proto__": "${HASH}"}`) }), [
    "users.__proto__: Expected a name without spaces, colons or asterisks",
  ]);
  assertEquals(await problemsOf(JSON.parse('{"__proto__": 1}')), ["__proto__: No such setting"]);
  const { groups, users } = await dataOf({
    groups: { constructor: ["user:toString"], toString: [] },
    users: { constructor: HASH },
    policies: [policy("group:constructor", "group:toString")],
  });
  assertEquals([Object.keys(groups), Object.keys(users!)], [["constructor", "toString"], ["constructor"]]);
});

Deno.test("accessSchema refuses names of users, groups and issuers that could be taken for others", async () => {
  for (const name of ["", "a b", "a:b", "a*", "*", "a\n", "a\u202e", "\ud800", "x".repeat(129), HASH]) {
    assertEquals((await problemsOf({ users: { [name]: HASH } })).length, 1, JSON.stringify(name));
  }
  for (const name of ["", "a b", "a:b", "a*", "-a", "ä", "x".repeat(65)]) {
    assertEquals((await problemsOf({ groups: { [name]: [] } })).length, 1, JSON.stringify(name));
    assertEquals((await problemsOf({ issuers: [{ ...GITHUB, name }] })).length, 1, JSON.stringify(name));
  }
  await dataOf({ users: { "ä.b_c-d@e": HASH, "x$y": HASH }, groups: { "a.b_c-9": [] } });
});

Deno.test("accessSchema takes the URL of an origin, and nothing behind it", async () => {
  for (
    const [url, origin] of [
      ["https://registry.example", "https://registry.example"],
      ["https://REGISTRY.example:443/", "https://registry.example"],
      ["http://localhost:8000", "http://localhost:8000"],
    ] as const
  ) {
    assertEquals((await dataOf({ url })).url, origin);
  }
  for (
    const url of [
      "",
      "registry.example",
      "ftp://registry.example",
      "https://registry.example/path",
      "https://registry.example/?",
      "https://registry.example/#",
      "https://user@registry.example",
      1,
      null,
    ]
  ) {
    const [problem = "", ...more] = await problemsOf({ url });
    assert(problem.startsWith("url: Expected a URL such as") && more.length === 0, `${url}: ${problem}`);
  }
  assertEquals((await readAccess({})).issues.map(({ path }) => path), [["url"]]);
});

Deno.test("accessSchema refuses URLs of issuers and keys over plain HTTP, but for this machine", async () => {
  const message = "Expected a URL with https:, or http: on this machine";
  const refused = [
    "http://issuer.example",
    "http://localhost.example",
    "http://127.0.0.1.example",
    "http://10.0.0.1",
    "http://[::2]",
    "http://0.0.0.0",
    "ftp://localhost",
    "file:///keys",
    "issuer.example",
    "https://a@issuer.example",
    "https://issuer.example/#a",
    "",
    7,
  ];
  for (const url of refused) {
    const got = `${message}, got ${JSON.stringify(url)}`;
    assertEquals(await problemsOf({ issuers: [{ ...GITHUB, issuer: url }] }), [`issuers.0.issuer: ${got}`]);
    assertEquals(await problemsOf({ issuers: [{ ...GITHUB, jwksUri: url }] }), [`issuers.0.jwksUri: ${got}`]);
    const external = { realm: url, issuer: "a", service: "b", keys: "c" };
    assertEquals(await problemsOf({ external }), [`external.realm: ${got}`]);
  }
  for (const issuer of ["http://localhost:1/a", "http://127.0.0.2", "http://[::1]:1", "https://a/b?c"]) {
    assertEquals((await dataOf({ issuers: [{ ...GITHUB, issuer }] })).issuers[0]?.issuer, issuer);
  }
});

Deno.test("accessSchema names the place of each value that is wrong by itself", async () => {
  const subject = '"anonymous", "authenticated", or a name after "user:", "robot:", "workload:", ' +
    '"certificate:", "external:", "oidc:" or "group:"';
  const problems = await problemsOf({
    service: 'a"b',
    challenge: "digest",
    tokenLifetime: "1s",
    administrators: ["alice"],
    groups: { team: ["user:"] },
    policies: [
      { repositories: [], allow: [{ to: [], actions: ["fly"], were: {} }] },
      { repositories: ["A"], allow: "all" },
    ],
    immutable: [{ repositories: ["a"], tags: [] }],
    limits: { failedLogins: -1, openUploads: 1.5 },
    quotas: [{ repositories: "a", bytes: "much" }],
    proxy: { trusted: ["10.0.0.1", "010.0.0.0/8", "10.0.0.0/33"], identityHeader: "a b" },
    typo: 1,
  });
  assertEquals(problems, [
    "service: Expected text of up to 255 printable ASCII characters without quotes or backslashes, got " +
    '"a\\"b"',
    'challenge: Expected one of "bearer", "basic", got "digest"',
    'tokenLifetime: Expected a duration from 1m to 1d, such as "90s", "15m" or "24h", got "1s"',
    ...["10.0.0.1", "010.0.0.0/8", "10.0.0.0/33"].map((range, index) =>
      `proxy.trusted.${index}: Expected addresses as CIDR, such as "10.0.0.0/8", got "${range}"`
    ),
    'proxy.identityHeader: Expected the name of a header, got "a b"',
    `administrators.0: Expected ${subject}, got "alice"`,
    `groups.team.0: Expected ${subject}, got "user:"`,
    "policies.0.repositories: Expected a list of patterns of repositories, got an empty one",
    "policies.0.allow.0.to: Expected a list of subjects, got an empty one",
    'policies.0.allow.0.actions.0: Expected one of "pull", "push", "overwrite", "delete", "administer", got "fly"',
    "policies.0.allow.0.were: No such setting",
    'policies.1.repositories.0: Expected a pattern of repositories such as "team/*" or "team/**", got "A"',
    'policies.1.allow: Expected a list of allow entries, got "all"',
    "immutable.0.tags: Expected a list of patterns of tags, got an empty one",
    "limits.failedLogins: Expected a whole number from 0 to 1000000, got -1",
    "limits.openUploads: Expected a whole number from 0 to 1000000, got 1.5",
    'quotas.0.bytes: Expected a size from 0 to 1024TiB, such as "512KiB", "4MiB" or a number of bytes, got "much"',
    "typo: No such setting",
  ]);
});

Deno.test("accessSchema takes a thousand entries of a list and no more", async () => {
  const of = (count: number) => ({ groups: { team: Array.from({ length: count }, (_, i) => `user:${i}`) } });
  await dataOf(of(1000));
  assertEquals(await problemsOf(of(1001)), ["groups.team: Expected a list of subjects, 1000 at most"]);
});

Deno.test("accessSchema takes hashes of bcrypt that are neither cheap nor dear, and shows none", async () => {
  const hash = (start: string) => start + "a".repeat(53);
  const users = { a: hash("$2a$04$"), b: hash("$2b$10$"), y: hash("$2y$14$") };
  assertEquals((await dataOf({ users })).users, users);
  for (
    const wrong of ["", "secret", hash("$2y$03$"), hash("$2y$15$"), hash("$2x$05$"), `${HASH}a`, `${HASH}\n`]
  ) {
    assertEquals(await problemsOf({ users: { alice: wrong } }), [
      "users.alice: Expected a bcrypt hash with a cost of 4 to 14",
    ]);
  }
  assertEquals(await problemsOf({ users: { alice: null } }), ["users.alice: Expected a bcrypt hash"]);
});

Deno.test("readAccess() reads YAML and JSON", async () => {
  const yaml = `url: https://registry.example # where it is
policies:
  - repositories: ["**"]
    allow:
      - { to: [anonymous], actions: [pull] }
`;
  const { data } = await readAccess(yaml);
  assertEquals(data?.policies, [{
    repositories: ["**"],
    allow: [{ to: ["anonymous"], actions: ["pull"] }],
  }]);
  const json = { url: data!.url, policies: data!.policies };
  assertEquals((await readAccess(JSON.stringify(json, null, "\t"))).data, data);
});

Deno.test("readAccess() names line and column where the text is no YAML", async () => {
  assertEquals(await problemsOf("url: a\nurl: b\n"), [": Line 2, column 1: Map keys must be unique"]);
  const [problem = ""] = await problemsOf("url: a\npolicies: [\n");
  assert(problem.startsWith(": Line 3, column 1: Flow sequence"), problem);
  for (const text of ["", "text", "- a", "7", "null"]) {
    assertEquals(await problemsOf(text), [": Expected a map"], text);
  }
});

Deno.test("readAccess() says so where aliases lead nowhere, or to too much", async () => {
  const message = "Unresolved alias (the anchor must be set before the alias)";
  assertEquals(await problemsOf("url: *nowhere"), [`: Line 1, column 1: ${message}`]);
  const levels = Array.from(
    "abcdef",
    (name, index, of = "abcdef") =>
      `${name}: &${name} [${Array(9).fill(index === 0 ? "x" : `*${of[index - 1]}`)}]`,
  );
  const [problem = ""] = await problemsOf(levels.join("\n"));
  assert(problem.includes("Excessive alias count"), problem);
});

Deno.test("readAccess() quotes no hash and no key in any error", async () => {
  const secret = HASH.slice(3);
  const texts = [
    `users:\n  alice:${HASH}`,
    `users: ["alice:${HASH}"]`,
    `users: [{alice: ${HASH}}]`,
    `users: {alice: [${HASH}]}`,
    `users: {alice: {${HASH}: 1}}`,
    `users: {"alice:${HASH}": null}`,
    `users: {${HASH}: alice}`,
    `users: ${HASH}`,
    `users:\n  alice: *${HASH}`,
    `users:\n  alice: |${HASH}\n    a`,
    `users:\n  alice: !<${HASH}> a`,
    `users:\n  alice: a\n ]${HASH}`,
    `htpasswd: [${HASH}]`,
    `htpasswd: {alice: ${HASH}}`,
    `keys: {keys: [{kty: OKP, d: "${HASH}"}]}`,
    `external: {realm: "https://a", issuer: a, service: b, keys: {k: "${HASH}"}}`,
  ];
  for (const text of texts) {
    const problems = await problemsOf(`url: https://registry.example\n${text}\n`);
    assert(problems.length > 0 && !problems.join().includes(secret), `${text}\n${problems.join("\n")}`);
  }
});

Deno.test("readAccess() shows no hash in a text that has been cut and mixed at random", async () => {
  const text = `url: https://registry.example
users:
  alice: "${HASH}"
  bob: '${HASH}'
  carol: ${HASH}
htpasswd: path
groups: { team: [user:alice] }
`;
  const random = seeded(11);
  const noise = [
    "",
    " ",
    "\n",
    "\t",
    ":",
    ": ",
    "'",
    '"',
    "[",
    "]",
    "{",
    "}",
    "*",
    "&",
    "!",
    "|",
    ">",
    "%",
    "@",
  ];
  let failures = 0;
  for (let run = 0; run < 1500; run++) {
    let mixed = text;
    for (let edits = 1 + random(3); edits > 0; edits--) {
      const at = random(mixed.length);
      mixed = mixed.slice(0, at) + noise[random(noise.length)]! + mixed.slice(at + random(3));
    }
    const { issues } = await readAccess(mixed);
    failures += issues.length > 0 ? 1 : 0;
    const shown = issues.flatMap(({ path, message }) => [...path, message]).join(" ");
    assert(!shown.includes("a".repeat(20)), `${mixed}\n${shown}`);
  }
  assert(failures > 500, `${failures}`);
});

Deno.test("accessSchema reads a provider of logins, with its defaults", async () => {
  const login = { name: "company", issuer: "https://idp.example", clientId: "skerry" };
  const config = await dataOf({ login });
  assertEquals(config.login, { ...login, scopes: ["openid"], subject: "sub" });
  const policies = [{
    repositories: ["a"],
    allow: [{ to: ["oidc:*"], actions: ["pull"], where: { groups: "devs" } }],
  }];
  assertEquals((await dataOf({ login, policies })).policies[0]?.allow[0]?.where, { groups: ["devs"] });
});

Deno.test("accessSchema refuses a provider that cannot work, without its secret in the message", async () => {
  const login = { name: "company", issuer: "https://idp.example", clientId: "skerry", clientSecret: "hush" };
  const rows: [Record<string, unknown>, string][] = [
    [{ ...login, issuer: "http://idp.example" }, "login.issuer"],
    [{ ...login, name: "a b" }, "login.name"],
    [{ ...login, clientId: "" }, "login.clientId"],
    [{ ...login, clientSecret: 7 }, "login.clientSecret"],
    [{ ...login, scopes: ["profile"] }, "login.scopes"],
    [{ ...login, scopes: ["openid", "a b"] }, "login.scopes.1"],
    [{ ...login, secret: "hush" }, "login"],
  ];
  for (const [given, path] of rows) {
    const problems = await problemsOf({ login: given });
    assert(problems.length > 0 && problems.every((problem) => problem.startsWith(path)), problems.join());
    assert(!problems.join().includes("hush"));
  }
  const policies = [{ repositories: ["a"], allow: [{ to: ["oidc:alice"], actions: ["pull"] }] }];
  assertEquals(await problemsOf({ policies }), [
    'policies.0.allow.0.to.0: Accounts of a provider need "login"',
  ]);
  assertEquals(await problemsOf({ login, administrators: ["oidc:*"] }), [
    'administrators.0: Expected a named account or group, got "oidc:*"',
  ]);
});
