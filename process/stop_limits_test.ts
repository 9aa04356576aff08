import { assertEquals } from "@std/assert";
import { readConfig } from "../config/mod.ts";
import { bodyLimitOf, requestLimitOf } from "./stop_limits.ts";

Deno.test("requestLimitOf() is the setting, and at most 4.5 seconds after SIGINT", async () => {
  const limits = async (text: string) => {
    const config = await readConfig({ SKERRY_SHUTDOWN_TIMEOUT: text });
    return [requestLimitOf(config, "SIGTERM"), requestLimitOf(config, "SIGINT")];
  };
  assertEquals(await limits("10m"), [600_000, 4500]);
  assertEquals(await limits("1s"), [1000, 1000]);
  const unset = await readConfig({});
  assertEquals([requestLimitOf(unset, "SIGTERM"), requestLimitOf(unset, "SIGINT")], [4500, 4500]);
});

Deno.test("bodyLimitOf() leaves a third of the limit for the last answers, at most five seconds", () => {
  assertEquals([900, 4500, 15_000, 600_000].map(bodyLimitOf), [600, 3000, 10_000, 595_000]);
});
