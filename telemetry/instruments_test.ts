import { assert, assertEquals } from "@std/assert";
import { type Instrument, INSTRUMENTS, prometheusName } from "./instruments.ts";

const ALL: readonly Instrument[] = Object.values(INSTRUMENTS);

Deno.test("prometheusName() adds the unit, and the suffix of a counter", () => {
  const name = (kind: Instrument["kind"], name: string, unit: string) => prometheusName({ kind, name, unit });
  assertEquals(
    name("histogram", "http.server.request.duration", "s"),
    "http_server_request_duration_seconds",
  );
  assertEquals(
    name("counter", "skerry.storage.object.io", "By"),
    "skerry_storage_object_io_bytes_total",
  );
  assertEquals(name("gauge", "skerry.collection.progress", "1"), "skerry_collection_progress_ratio");
  assertEquals(name("counter", "skerry.refusals", "{request}"), "skerry_refusals_total");
});

Deno.test("instruments have valid names for Prometheus, each its own", () => {
  const names = ALL.map(prometheusName);
  assertEquals(names.filter((name) => !/^[a-z_]+$/.test(name)), []);
  assertEquals(new Set(names).size, names.length);
});

Deno.test("no instrument has a label whose values clients or content choose", () => {
  const bounded = new Set([
    "http.request.method",
    "http.route",
    "http.response.status_code",
    "error.type",
    "deno.version",
    "skerry.version",
    "skerry.budget",
    "skerry.cache",
    "skerry.credentials",
    "skerry.direction",
    "skerry.endpoint",
    "skerry.event",
    "skerry.kind",
    "skerry.limit",
    "skerry.operation",
    "skerry.outcome",
    "skerry.queue",
    "skerry.result",
    "skerry.store",
    "skerry.work",
  ]);
  assertEquals(ALL.flatMap(({ labels }) => labels).filter((label) => !bounded.has(label)), []);
  for (const { name, labels, values = [] } of ALL) assert(values.length === 0 || labels.length === 1, name);
});
