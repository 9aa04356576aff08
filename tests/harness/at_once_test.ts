import { assertEquals } from "@std/assert";
import { atOnce } from "./at_once.ts";

/** Records the steps of a test instead of running them as steps, so that one of them may fail. */
function recorder() {
  const steps: Record<string, string> = {};
  const context = {
    async step(name: string, run: (t: Deno.TestContext) => Promise<void>) {
      steps[name] = await run(context).then(() => "passed", ({ message }) => `failed: ${message}`);
    },
  } as unknown as Deno.TestContext;
  return { steps, context };
}

Deno.test("atOnce() starts every case before one of them has ended", async (t) => {
  const [one, two] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await atOnce(t, {
    "one": () => (one.resolve(), two.promise),
    "two": () => (two.resolve(), one.promise),
  });
});

Deno.test("atOnce() reports each case as a step when some fail", async () => {
  const { steps, context } = recorder();
  await atOnce(context, {
    "fails": () => Promise.reject(new Error("x")),
    "passes": () => Promise.resolve(),
    "fails in its checks": () => Promise.resolve(() => Promise.reject(new Error("y"))),
    "passes its checks": () => Promise.resolve(async (t) => void await t.step("inner", async () => {})),
  });
  assertEquals(steps, {
    "fails": "failed: x",
    "passes": "passed",
    "fails in its checks": "failed: y",
    "inner": "passed",
    "passes its checks": "passed",
  });
});
