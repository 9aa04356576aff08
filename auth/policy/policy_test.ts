import { assert, assertEquals } from "@std/assert";
import { type Action, ACTIONS } from "../../oci/mod.ts";
import { createPolicy } from "./policy.ts";
import { ANONYMOUS, type Grant, type Principal } from "../principal.ts";
import { ALICE, allow, BOB, configOf, repo, robot, rule, user, whoMay, workload } from "../testing/policy.ts";

Deno.test("allows() denies everything without policies", () => {
  const policy = createPolicy(configOf({}));
  for (const action of ACTIONS) {
    for (const principal of [ANONYMOUS, ALICE, robot("ci"), workload("github")]) {
      assert(!policy.allows(principal, action, repo("team/app")));
    }
  }
});

Deno.test("allows() denies the actions, people and repositories that no rule names", () => {
  const policies = [rule("team/*", allow("user:alice", ["pull", "push"]))];
  const policy = createPolicy(configOf({ policies }));
  const actionsOf = (principal: Principal, repository: string) =>
    ACTIONS.filter((action) => policy.allows(principal, action, repo(repository)));
  assertEquals(actionsOf(ALICE, "team/app"), ["pull", "push"]);
  for (const name of ["team", "team/app/x", "teams/app", "app"]) {
    assertEquals(actionsOf(ALICE, name), [], name);
  }
  for (const other of [BOB, user("alic"), user("alice2"), user("Alice"), ANONYMOUS]) {
    assertEquals(actionsOf(other, "team/app"), [], other.name);
  }
});

Deno.test("allows() consults only the longest matching pattern, at any position", () => {
  const wide = rule("**", allow("authenticated", "pull"));
  const narrow = rule("team/secret", allow("user:alice", "push"));
  for (const policies of [[wide, narrow], [narrow, wide]]) {
    assertEquals(whoMay({ policies }, "pull", "team/app", ALICE, BOB), ["user:alice", "user:bob"]);
    assertEquals(whoMay({ policies }, "pull", "team/secret", ALICE, BOB), []);
    assertEquals(whoMay({ policies }, "push", "team/secret", ALICE, BOB), ["user:alice"]);
  }
});

Deno.test("allows() denies by a longer pattern without entries although a shorter one allows", () => {
  const policies = [rule("**", allow("anonymous", "pull")), rule("private/**")];
  assertEquals(whoMay({ policies }, "pull", "public", ANONYMOUS), ["anonymous"]);
  assertEquals(whoMay({ policies }, "pull", "private/app", ANONYMOUS, ALICE), []);
});

Deno.test("allows() takes the rules of equally long patterns together", () => {
  const policies = [
    rule("team/a*", allow("user:alice", "pull")),
    rule("team/*p", allow("user:bob", "pull")),
    rule("team/*", allow("user:carol", "pull")),
  ];
  const everybody = [ALICE, BOB, user("carol")];
  assertEquals(whoMay({ policies }, "pull", "team/app", ...everybody), ["user:alice", "user:bob"]);
  assertEquals(whoMay({ policies }, "pull", "team/ab", ...everybody), ["user:alice"]);
  assertEquals(whoMay({ policies }, "pull", "team/x", ...everybody), ["user:carol"]);
});

Deno.test("allows() measures each alternative of a pattern by itself", () => {
  const policies = [
    rule("{team-a,team-b,team-c}/**", allow("user:alice", "pull")),
    rule("team-a/secret", allow("user:bob", "pull")),
  ];
  assertEquals(whoMay({ policies }, "pull", "team-a/secret", ALICE, BOB), ["user:bob"]);
  assertEquals(whoMay({ policies }, "pull", "team-b/secret", ALICE, BOB), ["user:alice"]);
});

Deno.test("allows() measures each pattern of a list by itself", () => {
  const policies = [
    rule(["a/**", "a/very/long/**"], allow("user:alice", "pull")),
    rule("a/very/**", allow("user:bob", "pull")),
  ];
  assertEquals(whoMay({ policies }, "pull", "a/very/short", ALICE, BOB), ["user:bob"]);
  assertEquals(whoMay({ policies }, "pull", "a/very/long/name", ALICE, BOB), ["user:alice"]);
});

Deno.test("allows() grants rights of anonymous to all, and rights of authenticated only to accounts", () => {
  const policies = [rule("a", allow("anonymous", "pull"), allow("authenticated", "push"))];
  const known = [ALICE, robot("ci"), user("*")];
  const all = [ANONYMOUS, workload("github"), ...known];
  assertEquals(whoMay({ policies }, "pull", "a", ...all), all.map(({ name }) => name));
  assertEquals(whoMay({ policies }, "push", "a", ...all), known.map(({ name }) => name));
});

Deno.test("allows() grants accounts of a provider the rules that name them or one of their claims, and no other", () => {
  const oidc = (name: string, groups: string[]): Principal => ({
    kind: "oidc",
    name: `oidc:${name}`,
    claims: { department: "it" },
    claimLists: { groups },
  });
  const [alice, bob] = [oidc("alice", ["devs", "ops"]), oidc("bob", ["sales"])];
  const may = (...rules: ReturnType<typeof allow>[]) =>
    whoMay({ policies: [rule("a", ...rules)] }, "pull", "a", alice, bob, ALICE, workload("github"));
  assertEquals(may(allow("authenticated", "pull")), ["user:alice"]);
  assertEquals(may(allow("oidc:alice", "pull")), ["oidc:alice"]);
  assertEquals(may(allow("oidc:*", "pull")), ["oidc:alice", "oidc:bob"]);
  assertEquals(may(allow("oidc:*", "pull", { groups: ["op*"] })), ["oidc:alice"]);
  assertEquals(may(allow("oidc:*", "pull", { groups: ["devs"], department: ["it"] })), ["oidc:alice"]);
  assertEquals(may(allow("oidc:*", "pull", { groups: ["devs"], department: ["hr"] })), []);
  assertEquals(may(allow("oidc:*", "pull", { toString: ["*"] })), []);
  assertEquals(may(allow(["user:*", "oidc:*"], "pull", { groups: ["*"] })), ["oidc:alice", "oidc:bob"]);
});

Deno.test("allows() does not count a principal as authenticated if its name is not of its kind", () => {
  const policies = [rule("a", allow("authenticated", "pull"))];
  const odd: Principal[] = [
    { kind: "anonymous", name: "user:alice" },
    { kind: "user", name: "robot:ci" },
    { kind: "user", name: "alice" },
    { kind: "user", name: "anonymous" },
  ];
  assertEquals(whoMay({ policies }, "pull", "a", ...odd), []);
});

Deno.test("allows() allows administrators everything, even if a rule gives them less", () => {
  const config = {
    administrators: ["user:alice", "group:ops"],
    groups: { ops: ["robot:ops", "certificate:CN=ops*"] },
    policies: [rule("a", allow("user:alice", "pull"))],
  };
  for (const action of ACTIONS) {
    for (const name of ["a", "any/other"]) {
      const cert: Principal = { kind: "certificate", name: "certificate:CN=ops-1" };
      const some = [ALICE, robot("ops"), cert, BOB, user("ops"), robot("alice"), ANONYMOUS];
      assertEquals(whoMay(config, action, name, ...some).filter((name) => name !== "user:bob"), [
        "user:alice",
        "robot:ops",
        "certificate:CN=ops-1",
      ]);
      assertEquals(whoMay(config, action, name, BOB), []);
    }
  }
});

Deno.test("allows() restricts a credential to its bounds, an administrator's too, and adds no rights", () => {
  const bounded = (principal: Principal, ...bounds: Grant[]): Principal => ({ ...principal, bounds });
  const config = configOf({
    administrators: ["user:root"],
    policies: [rule("**", allow("user:alice", ["pull", "push"]), allow("anonymous", "pull"))],
  });
  const policy = createPolicy(config);
  const may = (principal: Principal, action: Action, name: string) =>
    policy.allows(principal, action, repo(name));
  for (const who of ["alice", "root"]) {
    const principal = bounded(user(who), { repositories: "team/**", actions: ["pull"] }, {
      repositories: "other",
      actions: ["push"],
    });
    assert(may(principal, "pull", "team/app") && may(principal, "push", "other"), who);
    assert(!may(principal, "push", "team/app") && !may(principal, "pull", "other"), who);
    assert(!may(principal, "pull", "team") && !may(principal, "pull", "else"), who);
    assert(!may(bounded(user(who)), "pull", "team/app"), "no bounds are bounds of nothing");
  }
  const everything: Grant = { repositories: "**", actions: [...ACTIONS] };
  assert(!may(bounded(ALICE, everything), "delete", "team/app"));
  assert(!may(bounded(BOB, everything), "push", "team/app"));
  assert(may(bounded(user("root"), everything), "administer", "team/app"));
});

Deno.test("allows() matches members of a group, including patterns, and none of an unknown group", () => {
  const config = {
    groups: { team: ["user:alice", "robot:ci-*", "workload:github"], empty: [] },
    policies: [
      rule("a", allow("group:team", "pull")),
      rule("b", allow(["group:empty", "group:constructor", "group:__proto__", "group:toString"], "pull")),
    ],
  };
  const all = [ALICE, robot("ci-1"), workload("github"), BOB, robot("ci"), user("team"), ANONYMOUS];
  assertEquals(whoMay(config, "pull", "a", ...all), ["user:alice", "robot:ci-1", "workload:github:job"]);
  assertEquals(whoMay(config, "pull", "b", ...all), []);
});

Deno.test("allows() does not confuse a user with an account of another kind and the same name", () => {
  const policies = [
    rule("a", allow(["robot:ci", "robot:*", "workload:github", "certificate:*", "external:*"], "pull")),
  ];
  const names = ["robot:ci", "ci", "workload:github", "workload:github:job", "certificate:CN=a", "anonymous"];
  assertEquals(whoMay({ policies }, "pull", "a", ...names.map(user)), []);
  assertEquals(whoMay({ policies }, "pull", "a", robot("ci")), ["robot:ci"]);
  const literal = [rule("a", allow("user:robot:ci", "pull"))];
  assertEquals(whoMay({ policies: literal }, "pull", "a", user("robot:ci"), robot("ci")), ["user:robot:ci"]);
});

Deno.test("allows() identifies a workload by its issuer, with any subject", () => {
  const policies = [rule("a", allow("workload:github", "pull"))];
  const named = (name: string, issuer?: string): Principal => ({
    kind: "workload",
    name,
    ...(issuer === undefined ? {} : { issuer }),
  });
  assertEquals(
    whoMay(
      { policies },
      "pull",
      "a",
      named("workload:github:repo:a/b", "github"),
      named("workload:gitlab:github", "gitlab"),
      named("workload:github", "gitlab"),
      named("workload:github:x"),
      named("workload:githubs:x", "githubs"),
    ),
    ["workload:github:repo:a/b"],
  );
  const others = [rule("a", allow(["user:*", "robot:*", "certificate:*", "workload:gitlab"], "pull"))];
  assertEquals(whoMay({ policies: others }, "pull", "a", workload("github")), []);
});

Deno.test("allows() requires all claims of a condition, each with one of its patterns", () => {
  const where = { repository: ["acme/app", "acme/lib-*"], ref: ["refs/heads/*"] };
  const policy = createPolicy(
    configOf({ policies: [rule("a", allow("workload:github", "push", where))] }),
  );
  const may = (claims: Record<string, string>) =>
    policy.allows(workload("github", claims), "push", repo("a"));
  assert(may({ repository: "acme/app", ref: "refs/heads/main", more: "x" }));
  assert(may({ repository: "acme/lib-", ref: "refs/heads/" }));
  assert(may({ repository: "acme/lib-a/b", ref: "refs/heads/a\nb" }));
  for (
    const claims of [
      {},
      { repository: "acme/app" },
      { ref: "refs/heads/main" },
      { repository: "acme/app", ref: "refs/tags/main" },
      { repository: "acme/lib", ref: "refs/heads/main" },
      { repository: "acme/app2", ref: "refs/heads/main" },
      { repository: "evil/acme/app", ref: "refs/heads/main" },
      { repository: "Acme/app", ref: "refs/heads/main" },
      { repository: "", ref: "refs/heads/main" },
    ]
  ) {
    assert(!may(claims as Record<string, string>), JSON.stringify(claims));
  }
});

Deno.test("allows() ignores inherited properties as claims, and claims of accounts other than workloads", () => {
  for (const claim of ["toString", "constructor", "__proto__", "ref"]) {
    const where = Object.fromEntries([[claim, ["*"]]]);
    const policies = [rule("a", allow(["workload:github", "authenticated"], "pull", where))];
    const withClaim = Object.fromEntries([[claim, "x"]]);
    const impostor: Principal = { ...ALICE, claims: withClaim, issuer: "github" };
    const bare: Principal = { kind: "workload", name: "workload:github:job", issuer: "github" };
    assertEquals(whoMay({ policies }, "pull", "a", workload("github"), bare, impostor), [], claim);
    assertEquals(whoMay({ policies }, "pull", "a", workload("github", withClaim)).length, 1, claim);
  }
});

Deno.test("allows() matches `*` with any value of a claim, but not with a missing one", () => {
  const policies = [rule("a", allow("workload:github", "pull", { environment: ["*"] }))];
  const some = [workload("github", { environment: "" }), workload("github", { environment: "prod" })];
  assertEquals(whoMay({ policies }, "pull", "a", ...some).length, 2);
  assertEquals(whoMay({ policies }, "pull", "a", workload("github")), []);
});

Deno.test("allows() lets one entry hold whose condition another entry's does not", () => {
  const policies = [
    rule(
      "a",
      allow("workload:github", "push", { ref: ["main"] }),
      allow("workload:github", "push", { environment: ["prod"] }),
      allow("user:alice", "push"),
    ),
  ];
  const some = [workload("github", { environment: "prod" }), ALICE];
  assertEquals(whoMay({ policies }, "push", "a", ...some).length, 2);
});

Deno.test("isAdministrator() is true by name, and never for workloads or anonymous", () => {
  const { isAdministrator } = createPolicy(configOf({
    administrators: ["user:alice", "group:ops", "certificate:CN=*.ops"],
    groups: { ops: ["robot:ops-*"] },
  }));
  for (const name of ["user:alice", "robot:ops-1", "certificate:CN=a.ops"]) {
    assert(isAdministrator(name), name);
  }
  for (
    const name of ["", "alice", "anonymous", "user", "user:", "user:bob", "robot:alice", "user:user:alice"]
  ) {
    assert(!isAdministrator(name), name);
  }
  assert(!isAdministrator("workload:github:user:alice") && !isAdministrator("group:ops"));
});

Deno.test("explain() names the places that a decision rests on", () => {
  const policy = createPolicy(configOf({
    administrators: ["user:root"],
    policies: [
      rule("**", allow("authenticated", "pull")),
      rule(
        "team/*",
        allow(["user:alice", "group:none"], ["pull", "push"]),
        allow("workload:github", "push", { ref: ["main", "v*"] }),
      ),
      rule("empty"),
    ],
  }));
  const because = (principal: Principal, action: Action, name: string) =>
    policy.explain(principal, action, repo(name)).because;
  const counts = 'policies[1] counts: "team/*" is the longest pattern that matches "team/app"';
  assertEquals(because(user("root"), "delete", "x"), ["administrators may do everything everywhere"]);
  assertEquals(because(BOB, "pull", "x"), [
    'policies[0] counts: "**" is the longest pattern that matches "x"',
    "policies[0].allow[0] allows pull to authenticated",
  ]);
  assertEquals(because(ALICE, "push", "team/app"), [
    counts,
    "policies[1].allow[0] allows pull, push to user:alice, group:none",
  ]);
  assertEquals(because(ALICE, "delete", "team/app"), [
    counts,
    "policies[1].allow[0] allows pull, push",
    "policies[1].allow[1] is for workload:github",
  ]);
  assertEquals(because(workload("github", { ref: "v1" }), "push", "team/app"), [
    counts,
    "policies[1].allow[1] allows push to workload:github, and the claims match",
  ]);
  const objection = (value: string) =>
    `policies[1].allow[1] requires the claim "ref" to be "main" or "v*", but it is ${value}`;
  const notForThem = "policies[1].allow[0] is for user:alice, group:none";
  assertEquals(because(workload("github"), "push", "team/app"), [counts, notForThem, objection("absent")]);
  assertEquals(because(workload("github", { ref: "x" }), "push", "team/app"), [
    counts,
    notForThem,
    objection('"x"'),
  ]);
  assertEquals(because(ALICE, "pull", "empty"), [
    'policies[2] counts: "empty" is the longest pattern that matches "empty"',
    "no entry allows anything there",
  ]);
  const bounds: Grant[] = [{ repositories: "a/**", actions: ["pull", "push"] }, {
    repositories: "b",
    actions: ["delete"],
  }];
  assertEquals(because({ ...user("root"), bounds }, "pull", "x"), [
    'the grants of the token allow only pull, push in "a/**"; delete in "b"',
  ]);
  assertEquals(because({ ...ALICE, bounds: [] }, "pull", "x"), [
    "the grants of the token allow only nothing",
  ]);
});

Deno.test("explain() says where no pattern matches", () => {
  const policy = createPolicy(configOf({ policies: [rule("a", allow("anonymous", "pull"))] }));
  assertEquals(policy.explain(ALICE, "pull", repo("b")), {
    allowed: false,
    because: ['no pattern of policies matches "b"'],
  });
});

Deno.test("explain() says once that a pattern counts, of which several alternatives match", () => {
  const policy = createPolicy(configOf({ policies: [rule("{t*m,te*}", allow("anonymous", "pull"))] }));
  assertEquals(policy.explain(ALICE, "pull", repo("team")).because, [
    'policies[0] counts: "{t*m,te*}" is the longest pattern that matches "team"',
    "policies[0].allow[0] allows pull to anonymous",
  ]);
});
