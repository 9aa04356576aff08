import { assert, assertEquals, assertThrows } from "@std/assert";
import { costOf } from "./bcrypt.ts";
import { Users, UsersError } from "./users.ts";

/** A hash of this cost; the letter tells one from another. */
const hash = (cost: number, letter = "a") => `$2y$${String(cost).padStart(2, "0")}$${letter.repeat(53)}`;

Deno.test("Users.parse() reads lines, comments, empty files, and names in any form", () => {
  const text = `\uFEFF# people\r\n\r\nalice:${hash(10)}\nzoe\u0308:${hash(5, "z")}\n  \nlast:${hash(12)}`;
  const users = Users.parse(text, "file");
  assertEquals(users.hashOf("alice"), hash(10));
  assertEquals(users.hashOf("zo\u00eb"), hash(5, "z"));
  assertEquals(users.hashOf("last"), hash(12));
  assertEquals(users.hashOf("# people"), undefined);
  assertEquals(users.hashOf("__proto__"), undefined);
});

Deno.test("Users.parse() names the invalid line without quoting it", () => {
  const secret = "SECRETSECRETSECRET";
  const lines: [string, RegExp][] = [
    [`alice`, /line 2: Expected a name, a colon and a hash$/],
    [`:${hash(10)}`, /line 2: Expected a user name$/],
    [`a b:${hash(10)}`, /line 2: Expected a user name$/],
    [`${"a".repeat(129)}:${hash(10)}`, /line 2: Expected a user name$/],
    [`a*:${hash(10)}`, /line 2: Expected a user name$/],
    [`a\u200b:${hash(10)}`, /line 2: Expected a user name$/],
    [`alice:${secret}`, /line 2: Expected a bcrypt hash/],
    [`alice:$apr1$${secret}`, /line 2: Expected a bcrypt hash/],
    [`alice:${hash(31)}`, /line 2: Expected a bcrypt hash/],
    [`alice:${hash(10)}:more`, /line 2: Expected a bcrypt hash/],
    [`bob:${hash(10)}`, /line 2: Duplicate user$/],
  ];
  for (const [line, message] of lines) {
    const error = assertThrows(() => Users.parse(`bob:${hash(10)}\n${line}\n`, '"file"'), UsersError);
    assert(message.test(error.message), `${line}: ${error.message}`);
    assert(!error.message.includes("$") && !error.message.includes(secret), error.message);
  }
});

Deno.test("Users.from() takes a map, and names the entry that can't be used", () => {
  assertEquals(Users.from({ alice: hash(10) }, "users").hashOf("alice"), hash(10));
  const wrong = { alice: hash(10), bob: "secret" };
  const error = assertThrows(
    () => Users.from(wrong, "users"),
    UsersError,
    "users, entry 2: Expected a bcrypt",
  );
  assert(!error.message.includes("secret"));
});

Deno.test("Users.decoyFor() makes as much work as some user, the same for a name each time", () => {
  const map = Object.fromEntries([10, 10, 10, 12].map((cost, index) => [`user${index}`, hash(cost)]));
  const users = Users.from(map, "users");
  const names = Array.from({ length: 200 }, (_, index) => `nobody${index}`);
  const costs = names.map((name) => costOf(users.decoyFor(name)));
  assertEquals(costs, names.map((name) => costOf(Users.from(map, "again").decoyFor(name))));
  const dear = costs.filter((cost) => cost === 12).length;
  assertEquals(costs.filter((cost) => cost === 10).length, 200 - dear);
  assert(dear > 20 && dear < 90, `${dear} of 200 where one of four users has that cost`);
  assertEquals(costOf(Users.from({}, "none").decoyFor("nobody")), 10);
});
