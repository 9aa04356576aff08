import { assertEquals } from "@std/assert";
import { addNewest, isNewest, type Pushed } from "./newest.ts";

Deno.test("addNewest() keeps exactly the first entries of a full sort", () => {
  const pushed = Array.from(
    { length: 500 },
    (_, i): Pushed => ({ tag: `t${i * 7919 % 500}`, at: i * 31 % 60 }),
  );
  const sorted = [...pushed].sort((a, b) => b.at - a.at || (a.tag < b.tag ? 1 : -1));
  for (const count of [1, 2, 17, 499, 500, 600]) {
    const newest: Pushed[] = [];
    for (const one of pushed) {
      addNewest(newest, count, one);
      assertEquals(newest.length <= count, true);
    }
    assertEquals(newest, sorted.slice(0, count));
    assertEquals(pushed.filter((one) => isNewest(newest, count, one)).length, Math.min(count, 500));
  }
});
