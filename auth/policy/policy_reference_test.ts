import { assert, fail } from "@std/assert";
import { isRepositoryPattern } from "../../oci/glob_pattern.ts";
import { type Action, ACTIONS } from "../../oci/mod.ts";
import { seeded } from "../../tests/random.ts";
import { createPolicy } from "./policy.ts";
import { ANONYMOUS, type Grant, type Principal } from "../principal.ts";
import { parseSubject } from "./subject.ts";
import { allow, type Config, repo, robot, rule, user, workload } from "../testing/policy.ts";

// What follows decides without any of the code above: with regular expressions, and without caches.

function expandBraces(pattern: string): string[] {
  const [, before, inner, after] = /^([^{]*)\{([^{}]*)\}(.*)$/.exec(pattern) ?? [];
  return inner === undefined
    ? [pattern]
    : inner.split(",").flatMap((each) => expandBraces(before! + each + after!));
}

function matchesSegments(pattern: string[], name: string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return name.length === 0;
  if (first === "**") {
    // At the end it stands for one segment or more, elsewhere for any number.
    if (rest.length === 0) return name.length > 0;
    return name.some((_, at) => matchesSegments(rest, name.slice(at)));
  }
  if (name.length === 0) return false;
  const source = first.replaceAll(".", "\\.").replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^${source}$`).test(name[0]!) && matchesSegments(rest, name.slice(1));
}

const matchesGlob = (pattern: string, name: string) => matchesSegments(pattern.split("/"), name.split("/"));

function matchesText(pattern: string, text: string): boolean {
  const source = pattern.split("*").map((part) => part.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join(".*");
  return new RegExp(`^${source}$`, "s").test(text);
}

function isMeant(subject: string, who: Principal, groups: Config["groups"]): boolean {
  if (subject === "anonymous") return true;
  if (subject.startsWith("group:")) {
    const members = new Map(Object.entries(groups)).get(subject.slice(6)) ?? [];
    return members.some((member) => isMeant(member, who, groups));
  }
  if (who.kind === "anonymous" || !who.name.startsWith(`${who.kind}:`)) return false;
  if (subject === "authenticated") return who.kind !== "workload";
  if (subject.startsWith("workload:")) return who.kind === "workload" && subject === `workload:${who.issuer}`;
  return who.kind !== "workload" && subject.startsWith(`${who.kind}:`) && matchesText(subject, who.name);
}

function decide(config: Config, who: Principal, action: Action, name: string): boolean {
  const isIn = ({ repositories, actions }: Grant) =>
    expandBraces(repositories).some((glob) => matchesGlob(glob, name)) && actions.includes(action);
  if (who.bounds !== undefined && !who.bounds.some(isIn)) return false;
  if (config.administrators.some((subject) => isMeant(subject, who, config.groups))) return true;
  const lengths = config.policies.map(({ repositories }) =>
    Math.max(
      -1,
      ...repositories.flatMap(expandBraces).filter((glob) => matchesGlob(glob, name)).map((g) => g.length),
    )
  );
  const longest = Math.max(...lengths);
  return longest >= 0 &&
    config.policies.some(({ allow }, index) =>
      lengths[index] === longest &&
      allow.some(({ to, actions, where = {} }) =>
        actions.includes(action) && to.some((subject) => isMeant(subject, who, config.groups)) &&
        Object.entries(where).every(([claim, patterns]) => {
          const value = who.kind === "workload"
            ? new Map(Object.entries(who.claims ?? {})).get(claim)
            : undefined;
          return value !== undefined && patterns.some((pattern) => matchesText(pattern, value));
        })
      )
    );
}

const SEGMENTS = ["a", "b", "ab", "a-b", "a.b"];
const GLOBS = ["a", "b", "ab", "*", "**", "a*", "*b", "?", "a?b", "{a,b}", "{a,ab}*", "a{,-b}", "*.b", "a*b"];
const SUBJECTS = [
  "anonymous",
  "authenticated",
  "user:a",
  "user:a*",
  "user:*b",
  "user:robot:a",
  "robot:a",
  "robot:*",
  "certificate:CN=a,O=*",
  "external:a",
  "workload:g",
  "workload:h",
  "group:g",
  "group:h",
  "group:none",
];
const WHO: Principal[] = [
  ANONYMOUS,
  ...["a", "ab", "b", "robot:a", "workload:g", "*"].map(user),
  ...["a", "b", "user:a"].map(robot),
  { kind: "certificate", name: "certificate:CN=a,O=b" },
  { kind: "external", name: "external:a" },
  workload("g"),
  workload("g", { ref: "main" }),
  workload("g", { ref: "main", env: "prod" }),
  workload("h", { ref: "main-a", env: "" }),
  { kind: "user", name: "robot:a" },
  { ...user("a"), claims: { ref: "main" }, issuer: "g" },
];

/** A configuration, and questions to it, that depend on the seed alone. */
function randomCase(seed: number) {
  const random = seeded(seed);
  const pick = <T>(from: readonly T[]): T => from[random(from.length)]!;
  const some = <T>(least: number, most: number, make: () => T): T[] =>
    Array.from({ length: least + random(most - least + 1) }, make);
  const pattern = () => some(1, 2, () => pick(GLOBS)).join("/");
  const actions = () => some(2, 4, () => pick(ACTIONS.slice(0, 3)));
  const member = () => pick(SUBJECTS.filter((subject) => !subject.startsWith("group:")).slice(2));
  const claims = ["main", "main*", "*", "prod", "", "*a*"];
  const where = () =>
    Object.fromEntries(some(1, 2, () => [pick(["ref", "env"]), some(1, 2, () => pick(claims))]));
  const config: Config = {
    administrators: random(4) === 0 ? [pick(SUBJECTS.slice(2))] : [],
    groups: { g: some(0, 2, member), h: some(0, 2, member) },
    policies: some(1, 4, () =>
      rule(
        some(1, 2, pattern),
        ...some(0, 3, () =>
          allow(
            some(1, 2, () => pick(SUBJECTS)),
            actions(),
            random(3) === 0 ? where() : undefined,
          )),
      )),
  };
  const questions = some(10, 10, () => {
    const who = pick(WHO);
    const bounds = some(0, 2, () => ({ repositories: pattern(), actions: actions() }));
    return {
      who: random(8) === 0 ? { ...who, bounds } : who,
      action: pick(ACTIONS.slice(0, 4)),
      name: repo(some(1, 2, () => pick(SEGMENTS)).join("/")),
    };
  });
  return { config, questions };
}

Deno.test("allows() and explain() decide as a plain reading of the rules does, for random rules", () => {
  const counts = { allowed: 0, denied: 0 };
  for (let seed = 1; seed <= 3000; seed++) {
    const { config, questions } = randomCase(seed);
    for (const pattern of config.policies.flatMap(({ repositories }) => repositories)) {
      assert(isRepositoryPattern(pattern), pattern);
    }
    const policy = createPolicy(config);
    for (const { who, action, name } of questions) {
      const wanted = decide(config, who, action, name);
      const allows = policy.allows(who, action, name);
      const { allowed, because } = policy.explain(who, action, name);
      const isSaidOnce = because.length > 0 && new Set(because).size === because.length;
      if (allows !== wanted || allowed !== wanted || !isSaidOnce) {
        fail(JSON.stringify({ seed, who, action, name, wanted, allowed, because, config }));
      }
      counts[wanted ? "allowed" : "denied"]++;
    }
  }
  assert(counts.allowed > 2000 && counts.denied > 2000, JSON.stringify(counts));
  assert(SUBJECTS.every((subject) => parseSubject(subject) !== undefined));
});
