import { assertEquals } from "@std/assert";
import { BoundedMap, RecentMap } from "./bounded_map.ts";

Deno.test("BoundedMap set() drops the entry that was set first when the map is full", () => {
  const map = new BoundedMap<string, number>(2);
  map.set("a", 1).set("b", 2).set("a", 3).set("c", 4);
  assertEquals([...map], [["a", 3], ["c", 4]]);
});

Deno.test("BoundedMap set() drops nothing when an entry of a full map is set again", () => {
  const map = new BoundedMap<string, number>(2);
  map.set("a", 1).set("b", 2).set("b", 3);
  assertEquals([...map], [["a", 1], ["b", 3]]);
});

Deno.test("RecentMap.get() keeps the entry longer", () => {
  const map = new RecentMap<string, number>(2);
  map.set("a", 1).set("b", 2);
  assertEquals([map.get("a"), map.get("absent")], [1, undefined]);
  map.set("c", 3);
  assertEquals([...map], [["a", 1], ["c", 3]]);
});
