import { assert, assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import { CLUSTER, SINGLE, type SubjectProcess } from "../harness/subjects.ts";
import { Dice } from "./dice.ts";
import { Fuzzer } from "./fuzzer.ts";
import { generate } from "./generator.ts";
import { findTrouble } from "./log_check.ts";
import { differences, takeSnapshot } from "./snapshot.ts";
import { createWorld } from "./world.ts";

/** Number of requests, the seed, and the first index: one failed request can be repeated by itself. */
const COUNT = Deno.env.get("FUZZ_COUNT");
const SEED = Number(Deno.env.get("FUZZ_SEED") ?? 20_261_123);
const FIRST = Number(Deno.env.get("FUZZ_FIRST") ?? 0);

/**
 * Expensive kinds of requests have fewer of them. `spare` is the number of connections to its stores that a process may
 * keep for the next requests: 64 to the table, 32 for uploads of parts, and 32 for other requests of the object store.
 */
const RUNS = [
  { kind: SINGLE, count: Number(COUNT ?? 100_000), spare: 0 },
  { kind: CLUSTER, count: Number(COUNT ?? 10_000), spare: 128 },
];

const CONNECTIONS = 6;

/** More than the registry may ever have in memory, whatever it is asked. */
const MAX_MEMORY_BYTES = 300 * 1024 * 1024;

for (const { kind, count, spare } of RUNS) {
  Deno.test(`bad input gives no failure, no exception and no change on ${kind.name}`, async () => {
    console.log(`${count} requests from number ${FIRST} with seed ${SEED}`);
    await using subject = await kind.start({
      SKERRY_LOG: "json",
      SKERRY_LOG_PROBES: "on",
      SKERRY_UPLOAD_IDLE_TIMEOUT: "1s",
      SKERRY_COLLECT_INTERVAL: "0", // it would leave traces of its own
    });
    const { processes, stored } = subject;
    const world = await createWorld(subject.url);
    const before = await takeSnapshot(subject.url, stored, world);
    const filesBefore = await Promise.all(processes.map(openFiles));

    const fuzzer = new Fuzzer(processes, (index) => generate(new Dice(SEED, index), world), world);
    const started = Date.now();
    await fuzzer.run(FIRST, FIRST + count, CONNECTIONS);
    const { problems, statuses, memory } = fuzzer;
    console.log(`${count} requests in ${((Date.now() - started) / 1000).toFixed(1)} s; statuses:`, statuses);
    console.log(`Most memory: ${Math.round(memory / 1024 / 1024)} MiB`);

    const changes = differences(before, await takeSnapshot(subject.url, stored, world));
    assertEquals([...problems, ...changes], []);
    assertEquals(findTrouble(subject.log(), fuzzer), []);
    assertLess(memory, MAX_MEMORY_BYTES);
    for (const [index, process] of processes.entries()) {
      const { files, sockets } = await openFiles(process);
      assertEquals(files, filesBefore[index]!.files);
      assertLessOrEqual(sockets, filesBefore[index]!.sockets + spare);
      assert(await isReady(process));
    }
    if (count < 10_000) return;
    // The requests would show nothing if all of them were refused for the same reason.
    for (const status of [200, 201, 202, 204, 206, 304, 400, 404, 405, 412, 413, 414, 416]) {
      assert(statuses[status] !== undefined, `No answer has status ${status}`);
    }
  });
}

/** Open descriptors of the process, after it has closed the unused ones. */
async function openFiles({ pid }: SubjectProcess): Promise<{ files: string[]; sockets: number }> {
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

async function isReady({ host }: SubjectProcess): Promise<boolean> {
  const response = await fetch(`http://${host}/readyz`);
  await response.body?.cancel();
  return response.ok;
}
