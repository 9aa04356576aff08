/** A short soak: it ends long after the first grace periods, and what is stored must be flat by then. */
import { assertEquals, assertGreater } from "@std/assert";
import { atOnce } from "../harness/at_once.ts";
import { EVERYTHING } from "./client.ts";
import { soak } from "./soak.ts";
import type { Storage } from "./subject.ts";

Deno.test("a registry keeps no garbage, and memory and files stay flat", async (t) => {
  await atOnce(t, { "on folder": () => soakOn("folder"), "on s3": () => soakOn("s3") });
});

async function soakOn(storage: Storage): Promise<void> {
  const { samples, problems, log } = await soak({
    storage,
    seconds: 100,
    grace: 8,
    interval: 2,
    clients: 3,
    mix: EVERYTHING,
    every: 250,
  });
  assertEquals(problems, [], log.slice(-2000));
  assertGreater(samples.at(-1)!.images, 10);
}
