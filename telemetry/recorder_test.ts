import { assertEquals, assertRejects } from "@std/assert";
import { type Instrument, INSTRUMENTS } from "./instruments.ts";
import { exposition, PrometheusMeter } from "./mod.ts";
import { Recorder } from "./recorder.ts";

/** Recorder whose metrics a test reads: the lines that have this text, without their help and buckets. */
function setUp({ now = Date.now } = {}) {
  const meter = new PrometheusMeter(Object.values<Instrument>(INSTRUMENTS));
  const recorder = new Recorder({ meters: [meter], templateOf: (kind) => `/template/${kind}`, now });
  const lines = async (text: string) => {
    const all = (await exposition([await meter.snapshot()])).split("\n");
    return all.filter((line) => line.includes(text) && !/^#|_bucket/.test(line));
  };
  return { recorder, lines };
}

const REQUEST = { method: "GET", route: "getManifest", status: 200, bytes: 402, duration: 250 };

Deno.test("Recorder answered() counts requests by method, template, status and kind of the route", async () => {
  const { recorder, lines } = setUp();
  recorder.answered(REQUEST);
  recorder.answered({ ...REQUEST, bytes: 0, duration: 750 });
  const labels =
    'http_request_method="GET",http_route="/template/getManifest",http_response_status_code="200",skerry_endpoint="getManifest"';
  assertEquals(await lines("request_duration"), [
    `http_server_request_duration_seconds_sum{${labels}} 1`,
    `http_server_request_duration_seconds_count{${labels}} 2`,
  ]);
  assertEquals(await lines("response_body_size_bytes_sum"), [
    `http_server_response_body_size_bytes_sum{${labels}} 402`,
  ]);
  assertEquals(await lines("request_body_size"), []);
});

Deno.test("Recorder answered() has one label for all unknown methods and paths", async () => {
  const { recorder, lines } = setUp();
  for (const method of ["BREW", "x", "PROPFIND"]) {
    recorder.answered({ ...REQUEST, method, route: undefined, status: 404 });
  }
  assertEquals(await lines("duration_seconds_count{http"), [
    'http_server_request_duration_seconds_count{http_request_method="_OTHER",http_route="none",http_response_status_code="404",skerry_endpoint="none"} 3',
  ]);
});

Deno.test("Recorder answered() counts the events of uploads", async () => {
  const { recorder, lines } = setUp();
  const answer = (route: string, status: number) => recorder.answered({ ...REQUEST, route, status });
  answer("startUpload", 202);
  answer("mountBlob", 202);
  answer("mountBlob", 201);
  answer("startUpload", 401);
  answer("commitUpload", 201);
  answer("cancelUpload", 204);
  recorder.uploads("expired", 3);
  assertEquals(await lines("skerry_uploads_total"), [
    'skerry_uploads_total{skerry_event="cancelled"} 1',
    'skerry_uploads_total{skerry_event="committed"} 1',
    'skerry_uploads_total{skerry_event="expired"} 3',
    'skerry_uploads_total{skerry_event="started"} 2',
  ]);
});

Deno.test("Recorder call() returns the result or throws the error, and counts both", async () => {
  const { recorder, lines } = setUp();
  assertEquals(await recorder.call("table", "get", () => Promise.resolve(7)), 7);
  class UnavailableError extends Error {
    override readonly name = "UnavailableError";
  }
  const failing = (error: Error) => recorder.call("objects", "put", () => Promise.reject(error));
  await assertRejects(() => failing(new UnavailableError("down")), UnavailableError);
  await assertRejects(() => failing(new TypeError("bug")), TypeError);
  const counted = (await lines("operation_duration_seconds_count")).map((line) =>
    line.slice(line.indexOf("{"))
  );
  assertEquals(counted, [
    '{skerry_store="table",skerry_operation="get",error_type=""} 1',
    '{skerry_store="objects",skerry_operation="put",error_type="UnavailableError"} 1',
    '{skerry_store="objects",skerry_operation="put",error_type="_OTHER"} 1',
  ]);
});

Deno.test("Recorder watch() reads a value at each collection, and takes the last reader of a label", async () => {
  const { recorder, lines } = setUp();
  let age: number | undefined = 5;
  recorder.watch("skerry.background.oldest_age", () => 1, "purges");
  recorder.watch("skerry.background.oldest_age", () => age, "purges");
  recorder.watch("skerry.background.oldest_age", () => 9, "webhooks");
  const name = "skerry_background_oldest_age_seconds";
  assertEquals(await lines(name), [`${name}{skerry_work="purges"} 5`, `${name}{skerry_work="webhooks"} 9`]);
  age = undefined;
  assertEquals(await lines(name), [`${name}{skerry_work="webhooks"} 9`]);
  recorder.watch("skerry.collection.progress", () => undefined);
  assertEquals(await lines("skerry_collection_progress"), []);
  let accepted = 3;
  recorder.watch("skerry.connections.accepted", () => accepted);
  assertEquals(await lines("skerry_connections_accepted"), ["skerry_connections_accepted_total 3"]);
  accepted = 4;
  assertEquals(await lines("skerry_connections_accepted"), ["skerry_connections_accepted_total 4"]);
});

Deno.test("Recorder ran() keeps the time of the last run that succeeded", async () => {
  let now = 1_000_000;
  const { recorder, lines } = setUp({ now: () => now });
  recorder.ran("sweep", 2000, true);
  now += 60_000;
  recorder.ran("sweep", 1000, false);
  recorder.removed("sweep", "upload", 2);
  recorder.removed("full-pass", "blob", 1, 500);
  assertEquals(await lines("skerry_background_"), [
    'skerry_background_run_duration_seconds_sum{skerry_work="sweep",skerry_outcome="ok"} 2',
    'skerry_background_run_duration_seconds_count{skerry_work="sweep",skerry_outcome="ok"} 1',
    'skerry_background_run_duration_seconds_sum{skerry_work="sweep",skerry_outcome="error"} 1',
    'skerry_background_run_duration_seconds_count{skerry_work="sweep",skerry_outcome="error"} 1',
    'skerry_background_removals_total{skerry_work="sweep",skerry_kind="upload"} 2',
    'skerry_background_removals_total{skerry_work="full-pass",skerry_kind="blob"} 1',
    'skerry_background_removed_bytes_total{skerry_work="full-pass"} 500',
    'skerry_background_last_success_time_seconds{skerry_work="sweep"} 1000',
  ]);
});

Deno.test("Recorder counts caches, waits, transactions, retries, refusals and rejected credentials", async () => {
  const { recorder, lines } = setUp();
  recorder.cacheRead("manifests", true);
  recorder.cacheRead("manifests", false);
  recorder.waited("upload-buffer", 1500);
  recorder.committed(4, 10);
  recorder.sqliteBusy();
  await recorder.call("objects", "put", async () => {
    await Promise.resolve();
    recorder.retried("objects");
  });
  await recorder.call("objects", "get", () => Promise.resolve());
  assertEquals(
    (await lines("retries_total")).at(-1),
    'skerry_storage_retries_total{skerry_store="objects",skerry_operation="get"} 0',
  );
  recorder.retried("table");
  recorder.refused("quota");
  recorder.loginFailed("token");
  recorder.transferred("read", 100);
  recorder.delivered("purges", 2500, 3);
  recorder.deadLetters(2);
  const nonZero = (await lines("skerry_"))
    .filter((line) => !line.endsWith(" 0") && !line.includes("operation_duration"));
  assertEquals(nonZero, [
    'skerry_storage_retries_total{skerry_store="objects",skerry_operation="put"} 1',
    'skerry_storage_retries_total{skerry_store="table",skerry_operation="other"} 1',
    'skerry_storage_object_io_bytes_total{skerry_direction="read"} 100',
    'skerry_cache_reads_total{skerry_cache="manifests",skerry_result="hit"} 1',
    'skerry_cache_reads_total{skerry_cache="manifests",skerry_result="miss"} 1',
    'skerry_queue_wait_duration_seconds_sum{skerry_queue="upload-buffer"} 1.5',
    'skerry_queue_wait_duration_seconds_count{skerry_queue="upload-buffer"} 1',
    "skerry_sqlite_commit_duration_seconds_sum 0.01",
    "skerry_sqlite_commit_duration_seconds_count 1",
    "skerry_sqlite_commit_writes_sum 4",
    "skerry_sqlite_commit_writes_count 1",
    "skerry_sqlite_busy_total 1",
    'skerry_refusals_total{skerry_limit="quota"} 1',
    'skerry_auth_failures_total{skerry_credentials="token"} 1',
    'skerry_background_deliveries_total{skerry_work="purges"} 3',
    'skerry_background_delivery_lag_seconds_sum{skerry_work="purges"} 2.5',
    'skerry_background_delivery_lag_seconds_count{skerry_work="purges"} 1',
    "skerry_webhooks_dead_letters_total 2",
  ]);
});
