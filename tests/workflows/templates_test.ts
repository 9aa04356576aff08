import { assert, assertEquals } from "@std/assert";
import { parse } from "yaml";

const FOLDER = new URL("../../.github/ISSUE_TEMPLATE/", import.meta.url);

/** An issue form, with the keys that GitHub accepts in it. */
interface Form {
  name: string;
  description: string;
  labels?: string[];
  body: Element[];
}

interface Element {
  type: string;
  id?: string;
  attributes: { label?: string; value?: string; options?: string[] };
}

const TYPES = ["markdown", "textarea", "input", "dropdown"];

const names: string[] = [];
for await (const { name } of Deno.readDir(FOLDER)) names.push(name);

for (const name of names) {
  // GitHub shows no form at all if one element of it is wrong.
  Deno.test(`${name} is an issue form that GitHub accepts`, async () => {
    const form: Form = parse(await Deno.readTextFile(new URL(name, FOLDER)));
    assert(form.name.length > 0 && form.description.length > 0);
    assertEquals(
      Object.keys(form).filter((key) => !["name", "description", "labels", "body"].includes(key)),
      [],
    );
    const fields = form.body.filter(({ type }) => type !== "markdown");
    assert(fields.length > 0);
    for (const { type, attributes } of form.body) {
      assert(TYPES.includes(type), type);
      assert(type === "markdown" ? attributes.value : attributes.label);
      assertEquals(type === "dropdown", attributes.options !== undefined);
    }
    assertEquals(new Set(fields.map(({ id }) => id)).size, fields.length);
    assertEquals(new Set(fields.map(({ attributes }) => attributes.label)).size, fields.length);
  });
}
