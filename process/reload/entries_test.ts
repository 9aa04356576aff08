import { assertEquals } from "@std/assert";
import { entriesOf } from "./entries.ts";

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "skerry-" }));
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("entriesOf() is the file itself where there is no link, and where the file is absent", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a`, "");
    assertEquals(await entriesOf(`${folder}/a`), [`${folder}/a`]);
    assertEquals(await entriesOf(`${folder}/b/c`), [`${folder}/b`]);
  });
});

Deno.test("entriesOf() has every link on the way, in any part of the path", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/..1`);
    await Deno.writeTextFile(`${folder}/..1/a`, "");
    await Deno.symlink("..1", `${folder}/..data`);
    await Deno.symlink("..data/a", `${folder}/a`);
    await Deno.mkdir(`${folder}/other`);
    await Deno.symlink(`${folder}/a`, `${folder}/other/b`);
    assertEquals(await entriesOf(`${folder}/other/../other/b`), [
      `${folder}/other/b`,
      `${folder}/a`,
      `${folder}/..data`,
      `${folder}/..1/a`,
    ]);
  });
});

Deno.test("entriesOf() ends for links in a circle", async () => {
  await withFolder(async (folder) => {
    await Deno.symlink("b", `${folder}/a`);
    await Deno.symlink("a", `${folder}/b`);
    assertEquals(new Set(await entriesOf(`${folder}/a`)), new Set([`${folder}/a`, `${folder}/b`]));
  });
});
