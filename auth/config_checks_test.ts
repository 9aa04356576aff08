import { assertEquals } from "@std/assert";
import { dataOf, GITHUB, policy, problemsOf } from "../config/testing/access_config.ts";

Deno.test("accessSchema rejects subjects that the configuration does not define", async () => {
  const subjects = ["workload:github", "group:team", "certificate:CN=a", "external:a"];
  const messages = [
    'No such issuer: "github"',
    'No such group: "team"',
    'Certificates need "proxy.identityHeader"',
    'Subjects of an external token server need "external"',
  ];
  assertEquals(
    await problemsOf({ policies: [policy("user:a", ...subjects)] }),
    messages.map((message, index) => `policies.0.allow.0.to.${index + 1}: ${message}`),
  );
  const proxy = { trusted: ["10.0.0.0/8"], forwardedFor: "on" };
  assertEquals(await problemsOf({ proxy, administrators: ["certificate:CN=a", "group:toString"] }), [
    `administrators.0: ${messages[2]}`,
    'administrators.1: No such group: "toString"',
  ]);
  assertEquals(await problemsOf({ groups: { a: subjects.slice(2) } }), [
    `groups.a.0: ${messages[2]}`,
    `groups.a.1: ${messages[3]}`,
  ]);
  await dataOf({
    issuers: [GITHUB],
    groups: { team: ["user:a"] },
    proxy: { trusted: ["10.0.0.0/8"], identityHeader: "X-Client" },
    policies: [policy(...subjects.slice(0, 3))],
  });
});

Deno.test("accessSchema refuses administrators other than named accounts and groups", async () => {
  const administrators = ["anonymous", "user:a", "authenticated", "workload:github", "robot:a"];
  assertEquals(await problemsOf({ issuers: [GITHUB], administrators }), [
    'administrators.0: Expected a named account or group, got "anonymous"',
    'administrators.2: Expected a named account or group, got "authenticated"',
    'administrators.3: Expected a named account or group, got "workload:github"',
  ]);
  const groups = { ops: ["user:a", "workload:github"], other: ["workload:github"] };
  assertEquals(await problemsOf({ issuers: [GITHUB], groups, administrators: ["group:ops"] }), [
    'groups.ops.1: Administrators must be named one by one: "workload:github" matches many accounts',
  ]);
});

Deno.test("accessSchema refuses groups with groups or with unnamed accounts", async () => {
  assertEquals(
    await problemsOf({ groups: { a: ["group:a", "group:b", "anonymous"], b: ["authenticated"] } }),
    [
      "groups.a.0: A group cannot contain a group",
      "groups.a.1: A group cannot contain a group",
      `groups.a.2: A group cannot contain "anonymous": name it in a policy`,
      `groups.b.0: A group cannot contain "authenticated": name it in a policy`,
    ],
  );
});

Deno.test("accessSchema refuses conditions for accounts without claims", async () => {
  const to = ["workload:github", "user:a", "group:people", "group:mixed", "authenticated"];
  const allow = [{ to, actions: ["push"], where: { ref: "main" } }];
  const groups = { people: ["user:a"], mixed: ["user:a", "workload:github"] };
  const told = (subject: string) =>
    `"where" is only for workloads and accounts of a provider: move "${subject}" to an entry without it`;
  assertEquals(await problemsOf({ issuers: [GITHUB], groups, policies: [{ repositories: ["a"], allow }] }), [
    `policies.0.allow.0.to.1: ${told("user:a")}`,
    `policies.0.allow.0.to.2: ${told("group:people")}`,
    `policies.0.allow.0.to.4: ${told("authenticated")}`,
  ]);
});

Deno.test("accessSchema rejects duplicates", async () => {
  const problems = await problemsOf({
    issuers: [GITHUB, { ...GITHUB, name: "other" }, { ...GITHUB, issuer: "https://other.example" }],
    policies: [{ repositories: ["a", "b", "a"], allow: [] }, { repositories: ["c"], allow: [] }, {
      repositories: ["b"],
      allow: [],
    }],
    quotas: [{ repositories: "a", bytes: 1 }, { repositories: "b", bytes: 1 }, {
      repositories: "a",
      bytes: 2,
    }],
  });
  assertEquals(problems, [
    'policies.0.repositories.2: "a" is already in policies[0]',
    'policies.2.repositories.0: "b" is already in policies[0]',
    'quotas.2.repositories: "a" is already in quotas[0]',
    'issuers.2.name: "github" is already in issuers[0]',
    'issuers.1.issuer: "https://github.example" is already in issuers[0]',
  ]);
});

Deno.test("accessSchema refuses settings that an external token server would override", async () => {
  const external = { realm: "https://tokens.example", issuer: "a", service: "b", keys: "keys.pem" };
  await dataOf({ external, proxy: { trusted: ["10.0.0.0/8"], forwardedFor: true } });
  const problems = await problemsOf({
    external,
    htpasswd: "htpasswd",
    users: {},
    keys: "keys.json",
    issuers: [GITHUB],
    administrators: ["user:a"],
    groups: { a: [] },
    policies: [policy("anonymous")],
    proxy: { trusted: ["10.0.0.0/8"], identityHeader: "X-Client" },
    challenge: "basic",
  });
  const names = ["htpasswd", "users", "keys", "issuers", "administrators", "groups", "policies"];
  assertEquals(
    problems,
    [...names, "proxy.identityHeader", "challenge: basic"].map((name) =>
      `external: Cannot be combined with "${name}": only the external tokens decide`
    ),
  );
});

Deno.test("accessSchema refuses a proxy without a header, or whose addresses include every client", async () => {
  assertEquals(await problemsOf({ proxy: { trusted: ["10.0.0.0/8"] } }), [
    "proxy: Expected at least one of identityHeader, forwardedFor, forwardedHost",
  ]);
  const everybody = [
    "0.0.0.0/0",
    "10.0.0.0/0",
    "::/0",
    "::ffff:0:0/96",
    "::ffff:10.0.0.0/96",
    "::ffff:0:0/0",
  ];
  for (const range of everybody) {
    assertEquals(await problemsOf({ proxy: { trusted: ["::1/128", range], forwardedFor: "on" } }), [
      `proxy.trusted.1: "${range}" trusts every address`,
    ]);
  }
  await dataOf({
    proxy: { trusted: ["::ffff:10.0.0.0/104", "2001:db8::/96", "fd00::/8"], forwardedFor: "on" },
  });
});
