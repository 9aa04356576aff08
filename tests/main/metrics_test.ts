// Metrics of the real process, alone and with workers.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { pushImage } from "../harness/content.ts";
import { metricsAtFreePort } from "../harness/metrics.ts";
import { startRegistry } from "../harness/registry_process.ts";
import { until } from "./run_main.ts";
import { clientsOf, untilOpen } from "./workers.ts";

const REQUESTS = "http_server_request_duration_seconds_count";
const MANIFEST_GETS = { skerry_endpoint: "getManifest", http_request_method: "GET" };

Deno.test("main serves metrics on a port of their own, and never on the main one", async () => {
  const metrics = metricsAtFreePort();
  await using registry = await startRegistry({ env: metrics.env });
  const send = (path: string, init?: RequestInit) => fetch(registry.url + path, init);
  await pushImage(send, "team/secret", "latest");
  for (let i = 0; i < 3; i++) await (await send("/v2/team/secret/manifests/latest")).body?.cancel();
  assertEquals(await metrics.sum(REQUESTS, MANIFEST_GETS), 3);
  assertEquals(await metrics.sum("skerry_processes"), 1);
  assert(await metrics.sum("process_resident_memory_bytes") > 10e6);
  assert(Math.abs(await metrics.sum("process_start_time_seconds") * 1000 - Date.now()) < 600_000);
  assert(await metrics.sum("skerry_connections_open") >= 1);

  const response = await fetch(`http://${metrics.host}/metrics`);
  assertMatch(response.headers.get("Content-Type")!, /^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  for (const name of ["team", "secret", "latest", "sha256", "anonymous", "127.0.0.1"]) {
    assert(!text.includes(name), name);
  }
  for (const path of ["/", "/metrics/"]) {
    const other = await fetch(`http://${metrics.host}${path}`);
    await other.body?.cancel();
    assertEquals(other.status, 404, path);
  }
  const posted = await fetch(`http://${metrics.host}/metrics`, { method: "POST", body: "x" });
  assertEquals([posted.status, posted.headers.get("Allow"), await posted.text()], [405, "GET, HEAD", ""]);
  const main = await send("/metrics");
  await main.body?.cancel();
  assertEquals(main.status, 404);
});

Deno.test("main says that the port of the metrics is taken, and ends", async () => {
  const metrics = metricsAtFreePort();
  await using _registry = await startRegistry({ env: metrics.env });
  let problem = "";
  try {
    await using _second = await startRegistry({ env: metrics.env });
  } catch (error) {
    problem = (error as Error).message;
  }
  assertMatch(problem, /Cannot serve metrics on 127\.0\.0\.1, port \d+: .*\(set SKERRY_METRICS_PORT\)/);
});

Deno.test("workers have one set of metrics, whose counts do not fall when a worker is replaced", async () => {
  const metrics = metricsAtFreePort();
  await using registry = await startRegistry({ env: { ...metrics.env, SKERRY_WORKERS: "2" } });
  const [, second] = await untilOpen(registry);
  const send = (path: string, init?: RequestInit) => fetch(registry.url + path, init);
  await pushImage(send, "app", "latest");
  const clients = await clientsOf(registry);
  for (const client of clients) {
    for (let i = 0; i < 5; i++) await (await client.fetch("/v2/app/manifests/latest")).body?.cancel();
  }
  assertEquals(await metrics.sum(REQUESTS, MANIFEST_GETS), 10);
  assertEquals(await metrics.sum("skerry_processes"), 2);

  for (const client of clients) client[Symbol.dispose]();
  Deno.kill(second!, "SIGKILL");
  await until(async () => {
    assertEquals(await metrics.sum(REQUESTS, MANIFEST_GETS), 10);
    const pids = await untilOpen(registry);
    return pids.length === 2 && !pids.includes(second!) && await metrics.sum("skerry_processes") === 2;
  });
  assertEquals(await metrics.sum(REQUESTS, MANIFEST_GETS), 10);
});
