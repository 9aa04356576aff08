import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { packEtags, unpackEtags } from "./etags.ts";

const etagOf = (text: string) => `"${createHash("md5").update(text).digest("hex")}"`;

Deno.test("packEtags() and unpackEtags() return the same marks, for any marks", () => {
  const md5s = Array.from({ length: 1000 }, (_, i) => etagOf(`${i}`));
  const lists = [
    [],
    md5s.slice(0, 1),
    md5s,
    [...md5s, `"${"a".repeat(32)}-3"`],
    [md5s[0]!, md5s[1]!.toUpperCase()],
    [md5s[0]!.slice(1, -1)],
    ["", md5s[0]!],
    ["W/" + md5s[0]!],
    ["1-5242880"],
  ];
  for (const list of lists) {
    assertEquals(unpackEtags(JSON.parse(JSON.stringify(packEtags(list)))), list);
    assertEquals(unpackEtags(list), list);
  }
});

Deno.test("packEtags() halves the marks of ten thousand parts", () => {
  const etags = Array.from({ length: 10_000 }, (_, i) => etagOf(`${i}`));
  const [list, packed] = [etags, packEtags(etags)].map((value) => JSON.stringify(value).length);
  assert(list! > 350_000 && packed! < 214_000, `${list} ${packed}`);
});

Deno.test("unpackEtags() answers a list of the caller's own", () => {
  const etags = ["a"];
  unpackEtags(etags).push("b");
  assertEquals(etags, ["a"]);
});
