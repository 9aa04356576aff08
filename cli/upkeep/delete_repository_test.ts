import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import { createLog } from "../../process/mod.ts";
import { openStorage } from "../../process/open/open_storage.ts";
import { createRegistry, type Registry } from "../../registry/mod.ts";
import { readSettings } from "../../config/mod.ts";
import { content, imageOf, pushBlob, pushManifest, REPOSITORY } from "../../tests/harness/stores.ts";
import { deleteRepository } from "./delete_repository.ts";

async function withRegistry(data: string, use: (registry: Registry) => Promise<unknown>): Promise<void> {
  const config = readSettings({ SKERRY_DATA: data })!;
  const { objects, table, close } = await openStorage(config, createLog({ format: "off" }));
  await use(createRegistry({ objects, table }).registry);
  await close();
}

Deno.test("deleteRepository() counts in a dry run, deletes, and says where there is nothing", async () => {
  const data = await Deno.makeTempDir();
  try {
    const blobs = [content(9, 1), content(30, 2)] as const;
    await withRegistry(data, async (registry) => {
      for (const blob of blobs) await pushBlob(registry, blob);
      await pushManifest(registry, imageOf(blobs[0], [blobs[1]]), "a", "b");
    });
    const run = async (dryRun: boolean) => {
      let printed = "";
      const config = readSettings({ SKERRY_DATA: data })!;
      const print = (text: string) => printed += `${text}\n`;
      const code = await deleteRepository(config, print, REPOSITORY, { dryRun });
      return { code, printed };
    };
    const count = '2 tags, 1 manifest and 2 blobs of "library/test"\n';
    assertEquals(await run(true), { code: 0, printed: `Would delete ${count}` });
    assertEquals(await run(false), { code: 0, printed: `Deleted ${count}` });
    assertEquals(await run(false), { code: 1, printed: 'No such repository: "library/test"\n' });
    await withRegistry(data, async (registry) => {
      await assertRejects(() => registry.listTags(REPOSITORY, {}), RegistryError, "not found");
    });
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});
