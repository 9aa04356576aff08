import { join } from "node:path";
import { assertRejects } from "@std/assert";
import { ObjectTree } from "./object_tree.ts";

Deno.test("ObjectTree create() makes each folder before those in it, and fails where it cannot make one", async () => {
  const root = await Deno.makeTempDir();
  try {
    const tree = new ObjectTree(root);
    for (let round = 0; round < 20; round++) {
      const levels = Array.from({ length: 20 }, (_, level) => `${round}-${level}`);
      using _ = await tree.create(join(root, ...levels));
    }
    // A failure that nothing waits for would be an uncaught error.
    const lost = new ObjectTree(join(root, "missing"));
    await assertRejects(() => lost.create(join(root, "missing", "a", "b", "file")), Deno.errors.NotFound);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
