import { assert, assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import { type RegistryProcess, startRegistry } from "../harness/registry_process.ts";
import { Dice } from "./dice.ts";
import { Fuzzer } from "./fuzzer.ts";
import { generate } from "./generator.ts";
import { findTrouble } from "./log_check.ts";
import { differences, takeSnapshot } from "./snapshot.ts";
import { createWorld } from "./world.ts";

/** How many requests, which ones, and where to begin: one that was found to be bad can be had again by itself. */
const COUNT = Number(Deno.env.get("FUZZ_COUNT") ?? 100_000);
const SEED = Number(Deno.env.get("FUZZ_SEED") ?? 20_261_123);
const FIRST = Number(Deno.env.get("FUZZ_FIRST") ?? 0);

const CONNECTIONS = 6;

/** More than the registry may ever have in memory, whatever it is asked. */
const MOST_MEMORY = 300 * 1024 * 1024;

Deno.test("bad input gives no failure, no exception and no change", async () => {
  console.log(`${COUNT} requests from number ${FIRST} with seed ${SEED}`);
  await using registry = await startRegistry({
    env: { SKERRY_LOG: "json", SKERRY_UPLOAD_IDLE_TIMEOUT: "1s" },
  });
  const world = await createWorld(registry.url);
  const before = await takeSnapshot(registry.url, registry.data, world);
  const filesBefore = await openFiles(registry);

  const fuzzer = new Fuzzer(registry, (index) => generate(new Dice(SEED, index), world), world);
  const started = Date.now();
  await fuzzer.run(FIRST, FIRST + COUNT, CONNECTIONS);
  const { problems, statuses, memory } = fuzzer;
  console.log(`${COUNT} requests in ${((Date.now() - started) / 1000).toFixed(1)} s; statuses:`, statuses);
  console.log(`Most memory: ${Math.round(memory / 1024 / 1024)} MiB`);

  const changes = differences(before, await takeSnapshot(registry.url, registry.data, world));
  assertEquals([...problems, ...changes], []);
  assertEquals(findTrouble(registry.log(), fuzzer.requestIds), []);
  assertLess(memory, MOST_MEMORY);
  const { files, sockets } = await openFiles(registry);
  assertEquals(files, filesBefore.files);
  assertLessOrEqual(sockets, filesBefore.sockets);
  assert(await isReady(registry));
  if (COUNT < 10_000) return;
  // The requests would show nothing if all of them were refused for the same reason.
  for (const status of [200, 201, 202, 204, 206, 304, 400, 404, 405, 412, 413, 414, 416]) {
    assert(statuses[status] !== undefined, `No answer has status ${status}`);
  }
});

/** What the process has open, once it has closed what it is done with. */
async function openFiles({ pid }: RegistryProcess): Promise<{ files: string[]; sockets: number }> {
  const folder = `/proc/${pid}/fd`;
  let last = "";
  for (let unchanged = 0; unchanged < 5;) {
    const names = await Array.fromAsync(
      Deno.readDir(folder),
      ({ name }) => Deno.readLink(`${folder}/${name}`),
    );
    const now = names.sort().join("\n");
    unchanged = now === last ? unchanged + 1 : 0;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const names = last.split("\n");
  const files = names.filter((name) => !name.startsWith("socket:"));
  return { files, sockets: names.length - files.length };
}

async function isReady({ url }: RegistryProcess): Promise<boolean> {
  const response = await fetch(`${url}/readyz`);
  await response.body?.cancel();
  return response.ok;
}
