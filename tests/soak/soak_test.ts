/** A short soak: it ends long after the first grace periods, and what is stored must be flat by then. */
import { assertEquals, assertGreater } from "@std/assert";
import { EVERYTHING } from "./client.ts";
import { soak } from "./soak.ts";

for (const storage of ["folder", "s3"] as const) {
  Deno.test(`a registry on ${storage} keeps no garbage, and memory and files stay flat`, async () => {
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
  });
}
