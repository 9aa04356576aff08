import { assertEquals, assertRejects } from "@std/assert";
import { spawnFaultProxy } from "./mod.ts";
import { contentOf, startRecorder } from "./recorder.ts";

Deno.test("spawnFaultProxy() obeys and reports", async () => {
  await using recorder = startRecorder();
  await using proxy = await spawnFaultProxy({
    upstream: recorder.url,
    seed: 7,
    rate: 1,
    faults: ["error-500"],
  });
  assertEquals(proxy.seed, 7);
  const get = async () => await (await fetch(`${proxy.url}/10`)).text();
  const failed = await fetch(`${proxy.url}/10`);
  assertEquals([failed.status, (await failed.text()).includes("InternalError")], [500, true]);

  await proxy.order({ rate: 0, script: ["pass", "repeat", "refuse"] });
  assertEquals(await get(), contentOf(10));
  assertEquals(await get(), contentOf(10));
  assertEquals(recorder.received.length, 3);
  const { counts, stepsLeft, traffic } = await proxy.order({});
  assertEquals([counts["error-500"], counts.pass, counts.repeat, stepsLeft], [1, 1, 1, 1]);
  assertEquals(traffic.sent > 0, true);

  await proxy.order({ down: true });
  await assertRejects(get, TypeError);
  const [, report] = await Promise.all([proxy.order({ down: false }), proxy.order({ cut: true })]);
  assertEquals(report.counts.refuse, 0);
  await assertRejects(get, TypeError); // the last step of the script
  assertEquals(await get(), contentOf(10));
});

Deno.test("spawnFaultProxy() fails for an unknown fault", async () => {
  const options = { upstream: "http://127.0.0.1:1", faults: ["other" as "delay"] };
  await assertRejects(() => spawnFaultProxy(options), Error, "ended");
});
