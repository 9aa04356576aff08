/** Packages that production installs, by deno.lock, and that the tests install beside them, by tests/deno.lock. */
import { assert, assertEquals } from "@std/assert";

interface Lock {
  specifiers: Record<string, string>;
  npm: Record<string, { integrity: string }>;
}

const ROOT = new URL("../", import.meta.url);

async function readLock(path: string): Promise<Lock> {
  return JSON.parse(await Deno.readTextFile(new URL(path, ROOT)));
}

Deno.test("deno.lock has the packages that serving takes, and no other", async () => {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const direct = Object.values<string>(imports).filter((target) => target.startsWith("npm:")).sort();
  const { specifiers, npm } = await readLock("deno.lock");
  assertEquals(Object.keys(specifiers).sort(), direct);
  assertEquals(direct.length, 25);
  // The AWS SDK brings 32 of them, and the verification of signatures 24.
  assertEquals(Object.keys(npm).length, 77);
});

Deno.test("tests/deno.lock has the same packages as deno.lock, and those of the tests", async () => {
  const [production, tests] = await Promise.all([readLock("deno.lock"), readLock("tests/deno.lock")]);
  for (const [name, { integrity }] of Object.entries(production.npm)) {
    assertEquals(tests.npm[name]?.integrity, integrity, name);
  }
  assert(Object.keys(tests.npm).length > Object.keys(production.npm).length);
});
