import { assert, assertEquals, assertFalse } from "@std/assert";
import { Register } from "./register.ts";

const set = (value: string) => () => value;
const possible = (register: Register<string>) => [...register.possible].sort();

Deno.test("Register must hold an acknowledged value", () => {
  const register = new Register("a");
  register.begin(set("b")).acknowledge();
  assertEquals(possible(register), ["b"]);
});

Deno.test("Register may hold a lost value, or the value before it", () => {
  const register = new Register("a");
  register.begin(set("b")).lose();
  assertEquals(possible(register), ["a", "b"]);
});

Deno.test("Register forgets a lost value after a later acknowledgement", () => {
  const register = new Register("a");
  register.begin(set("b")).lose();
  register.begin(set("c")).acknowledge();
  assertEquals(possible(register), ["c"]);
});

Deno.test("Register may hold either of two concurrent values, but not the one before them", () => {
  const register = new Register("a");
  const [b, c] = [register.begin(set("b")), register.begin(set("c"))];
  b.acknowledge();
  assertEquals(possible(register), ["b", "c"]);
  c.acknowledge();
  assertEquals(possible(register), ["b", "c"]);
});

Deno.test("Register may hold a lost value while a concurrent one was acknowledged", () => {
  const register = new Register("a");
  const [b, c] = [register.begin(set("b")), register.begin(set("c"))];
  c.lose();
  b.acknowledge();
  assertEquals(possible(register), ["b", "c"]);
});

Deno.test("Register applies an effect only to the values that it concerns", () => {
  const register = new Register("a");
  register.begin((value) => value === "b" ? "absent" : value).acknowledge();
  assertEquals(possible(register), ["a"]);
});

Deno.test("Register.observe() accepts a possible value and fixes the register to it", () => {
  const register = new Register("a");
  register.begin(set("b")).lose();
  assert(register.observe("a"));
  assertFalse(register.observe("b"));
});

Deno.test("Register may hold a value from between the two requests of a repeated operation", () => {
  const register = new Register("a");
  const b = register.begin(set("b"));
  assert(register.observe("b"));
  register.begin(set("c")).acknowledge();
  assert(register.observe("c"));
  b.acknowledge();
  assertEquals(possible(register), ["b", "c"]);
});
