import { assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../command.ts";
import { readImage, readReference, readTagged } from "./reference.ts";

const DIGEST = `sha256:${"0".repeat(64)}`;

// deno-lint-ignore no-explicit-any -- Plain texts beside checked ones.
const image = (text: string): any => readImage(text);

Deno.test("readImage() reads a repository, a tag and a digest", () => {
  assertEquals(image("team/app"), { repository: "team/app" });
  assertEquals(image("team/app:v1"), { repository: "team/app", reference: { tag: "v1" } });
  assertEquals(image(`team/app@${DIGEST}`), { repository: "team/app", reference: { digest: DIGEST } });
  assertEquals(image(`team/app:v1@${DIGEST}`), { repository: "team/app", reference: { digest: DIGEST } });
});

Deno.test("readImage() refuses other texts", () => {
  for (
    const text of [
      "",
      ":v1",
      "A",
      "a:",
      "a:b:c",
      "a@",
      "a@v1",
      `a@${DIGEST}0`,
      "registry.test:5000/a:v1",
      "a b",
    ]
  ) {
    assertThrows(() => readImage(text), MisuseError, "Expected ");
  }
});

Deno.test("readTagged() and readReference() refuse other texts", () => {
  assertEquals({ ...readTagged("a:v1") } as Record<string, string>, { repository: "a", tag: "v1" });
  for (const text of ["a", "a:", `a@${DIGEST}`, "A:v1"]) assertThrows(() => readTagged(text), MisuseError);
  for (const text of ["", "a/b", "sha256:0"]) assertThrows(() => readReference(text), MisuseError);
});
