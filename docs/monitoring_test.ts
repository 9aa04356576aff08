import { assertEquals } from "@std/assert";
import { INSTRUMENTS, prometheusName } from "../telemetry/mod.ts";

Deno.test("docs/monitoring.md lists every metric, with its kind", async () => {
  const page = await Deno.readTextFile(new URL("monitoring.md", import.meta.url));
  const rows = [...page.matchAll(/^\| `([a-z_]+)` +\| (counter|gauge|histogram) +\|/gm)];
  const listed = rows.map(([, name, kind]) => `${name} ${kind}`);
  const expected = Object.values(INSTRUMENTS).map((instrument) =>
    `${prometheusName(instrument)} ${instrument.kind}`
  );
  assertEquals(listed.sort(), expected.sort());
});
