import { freePort } from "../harness/ports.ts";
import type { Figure } from "./figure.ts";
import { makeImageFolder } from "./secured.ts";
import { interleave, ratios } from "./rounds.ts";
import { cpuOf, type Server } from "./server.ts";
import { startSubject } from "./subject.ts";
import { microseconds } from "./text.ts";
import { requests } from "./wrk.ts";

/** Samples in each round: many short ones tell more than few long ones where something else runs beside. */
const SAMPLES = 2;

/** Hot manifest GETs with metrics, and with traces of some and of all requests, beside those without telemetry. */
export async function telemetry(rounds: number): Promise<Figure[]> {
  await using image = await makeImageFolder();
  const collector = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, swallow);
  await using _closing = { [Symbol.asyncDispose]: () => collector.shutdown() };
  const metrics = { SKERRY_METRICS_PORT: `${freePort()}` };
  const traces = (ratio: string) => ({
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.addr.port}`,
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: ratio,
  });
  const start = (settings: Record<string, string>) => startSubject({ data: image.folder, settings });
  await using off = await start({});
  await using on = await start(metrics);
  await using sampled = await start(traces("0.01"));
  await using traced = await start(traces("1"));
  const cpu = await interleave(rounds * SAMPLES, {
    off: () => cpuOfPull(off, image.path),
    on: () => cpuOfPull(on, image.path),
    sampled: () => cpuOfPull(sampled, image.path),
    traced: () => cpuOfPull(traced, image.path),
  });
  const figure = (name: string, side: "on" | "sampled" | "traced"): Figure => ({
    name: `manifest GET with ${name}: CPU / without`,
    samples: ratios(cpu[side], cpu.off),
    unit: "x",
    counts: "median",
    ...(side === "on" && { target: { atMost: 1.15 } }),
    detail: `${microseconds(cpu[side])} CPU, without ${microseconds(cpu.off)}`,
  });
  return [
    figure("metrics for Prometheus", "on"),
    figure("OpenTelemetry, 1% of traces", "sampled"),
    figure("OpenTelemetry, all traces", "traced"),
  ];
}

async function swallow(request: Request): Promise<Response> {
  await request.body?.cancel();
  return new Response(null);
}

/** Milliseconds of CPU for each of many pulls. */
async function cpuOfPull(server: Server, path: string): Promise<number> {
  const before = await cpuOf(server);
  const { count } = await requests(server, path);
  return (await cpuOf(server) - before) / count;
}
