import { assertEquals } from "@std/assert";
import { keyFrom, keyParser, keyStart, keyText } from "./key_form.ts";

const FORM = { pk: "room#<room>", sk: "chair#<row>#<seat>" } as const;

Deno.test("keyFrom() makes the key that keyParser() takes apart", () => {
  const parts = { room: "a", row: "1", seat: "2#3" };
  const key = keyFrom(FORM, parts);
  assertEquals(key, { pk: "room#a", sk: "chair#1#2#3" });
  assertEquals(keyParser({ chair: FORM })(key), { kind: "chair", ...parts });
  assertEquals(keyFrom({ pk: "rooms", sk: "all" }, {}), { pk: "rooms", sk: "all" });
});

Deno.test("keyFrom() does not compile without a part of the form", () => {
  // @ts-expect-error -- `seat` is missing
  assertEquals(keyFrom(FORM, { room: "a", row: "1" }).sk, "chair#1#");
  // @ts-expect-error -- `floor` is no part of the form
  assertEquals(keyText(FORM.pk, { room: "a", floor: "b" }), "room#a");
});

Deno.test("keyStart() is the start of every key that has these parts", () => {
  assertEquals(keyStart(FORM.sk), "chair#");
  assertEquals(keyStart(FORM.sk, { row: "1" }), "chair#1#");
  assertEquals(keyStart(FORM.sk, { row: "1", seat: "2" }), "chair#1#2");
  assertEquals(
    keyStart(FORM.sk, { row: undefined, seat: "2" }),
    "chair#",
    "nothing follows a part that is not given",
  );
});
