import { assertEquals } from "@std/assert";
import { defaulting, fields, integer, list, optional, parse, text, then } from "./schema.ts";

interface Shelf {
  name: string;
  size: number;
  books?: string[];
}

const shelf = fields<Shelf>("a shelf", {
  name: text("a name", (name) => name !== ""),
  size: defaulting(integer(1, 9), 3),
  books: optional(list(text("a title", (title) => title !== ""), { what: "a list", max: [2, "Too many"] })),
});

Deno.test("parse() returns the data with defaults, and without absent fields", () => {
  assertEquals(parse(shelf, { name: "a" }), { data: { name: "a", size: 3 }, issues: [] });
  assertEquals(parse(shelf, { size: 9, books: ["b"], name: "a" }).data, { name: "a", size: 9, books: ["b"] });
});

Deno.test("parse() names every issue with its path, in the order of the fields", () => {
  const { data, issues } = parse(
    shelf,
    JSON.parse('{"books": ["b", ""], "size": 10, "__proto__": 1, "x": 1}'),
  );
  assertEquals(data, undefined);
  assertEquals(issues, [
    { path: ["name"], message: "Expected a name, got nothing" },
    { path: ["size"], message: "Expected a whole number from 1 to 9, got 10" },
    { path: ["books", 1], message: 'Expected a title, got ""' },
    { path: ["__proto__"], message: "No such setting" },
    { path: ["x"], message: "No such setting" },
  ]);
  assertEquals(parse(shelf, [1]).issues, [{ path: [], message: "Expected a shelf, got [1]" }]);
  assertEquals(parse(shelf, { name: "a", books: ["b", "c", "d"] }).issues, [
    { path: ["books"], message: "Too many" },
  ]);
  assertEquals(parse(shelf, { name: "a", size: null, books: undefined }).issues.length, 1);
});

Deno.test("then() reads valid values only", () => {
  const doubled = then(integer(0, 9), (value, place) => value < 5 ? value * 2 : place.refuse("Too large"));
  assertEquals(parse(list(doubled, { what: "numbers" }), [1, "2", 6]).issues, [
    { path: [1], message: 'Expected a whole number from 0 to 9, got "2"' },
    { path: [2], message: "Too large" },
  ]);
  assertEquals(parse(list(doubled, { what: "numbers" }), [0, 4]).data, [0, 8]);
});
