import { assertEquals } from "@std/assert";
import type { Principal } from "../principal.ts";
import { isPlainName, parseSubject, subjectMatcher } from "./subject.ts";

Deno.test("parseSubject() returns the parts of every kind, with everything behind the first colon as the name", () => {
  assertEquals(parseSubject("anonymous"), { kind: "anonymous" });
  assertEquals(parseSubject("authenticated"), { kind: "authenticated" });
  for (
    const [text, kind, name] of [
      ["user:alice", "user", "alice"],
      ["user:a b", "user", "a b"],
      ["user:robot:ci", "user", "robot:ci"],
      ["robot:ci-*", "robot", "ci-*"],
      ["certificate:CN=a, O=ä", "certificate", "CN=a, O=ä"],
      ["external:*", "external", "*"],
      ["external:__proto__", "external", "__proto__"],
      ["workload:git.hub_1-a", "workload", "git.hub_1-a"],
      ["group:constructor", "group", "constructor"],
      [`user:${"x".repeat(256)}`, "user", "x".repeat(256)],
    ] as const
  ) {
    assertEquals(parseSubject(text), { kind, name }, text);
  }
});

Deno.test("parseSubject() rejects text that names no account, or more accounts than it shows", () => {
  for (
    const text of [
      "",
      ":",
      "*",
      "alice",
      "user",
      "user:",
      "user: a",
      "user:a ",
      "user:a\nb",
      "user:a\u202eb",
      "user:\ud800",
      `user:${"x".repeat(257)}`,
      " user:a",
      "User:a",
      "us*:a",
      "*:a",
      "anonymous:",
      "anonymous:a",
      "authenticated ",
      "everybody:a",
      "constructor:a",
      "workload:*",
      "workload:git*",
      "workload:github:main",
      "group:*",
      "group:__proto__",
      "group:a b",
      `group:${"x".repeat(65)}`,
    ]
  ) {
    assertEquals(parseSubject(text), undefined, text);
  }
});

Deno.test("isPlainName() takes short names that begin with a letter or a digit", () => {
  const names = ["a", "9", "A.b_c-d", "x".repeat(64), "", "_a", ".a", "-a", "a b", "a:b", "a*", "ä", "a\n"];
  assertEquals([...names, "x".repeat(65)].filter(isPlainName), names.slice(0, 4));
});

Deno.test("subjectMatcher() matches no account without subjects, and all if one subject is anonymous", () => {
  const alice: Principal = { kind: "user", name: "user:alice" };
  const anonymous: Principal = { kind: "anonymous", name: "anonymous" };
  const meant = (...subjects: string[]) => [alice, anonymous].filter(subjectMatcher(subjects, {}));
  assertEquals(meant(), []);
  assertEquals(meant("user:bob", "anonymous"), [alice, anonymous]);
  assertEquals(meant("authenticated"), [alice]);
  assertEquals(meant("user:*"), [alice]);
  assertEquals(meant("user:a*e", "robot:*"), [alice]);
  assertEquals(meant("user:ALICE", "user:alice*b", "robot:alice"), []);
});

Deno.test("subjectMatcher() does not look for groups in groups", () => {
  const groups = { outer: ["group:inner"], inner: ["user:alice"] };
  const matches = subjectMatcher(["group:outer"], groups);
  assertEquals(matches({ kind: "user", name: "user:alice" }), false);
});
