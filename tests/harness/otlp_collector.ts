/**
 * A collector of OpenTelemetry's protocol over HTTP, in JSON (https://opentelemetry.io/docs/specs/otlp/).
 *
 * @module
 */

/** Attributes of a span or an event. */
export type Attributes = Record<string, string | number | boolean>;

/** A span that has ended. */
export interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first span of a trace. */
  readonly parentSpanId: string;
  /** Name of the program's part that made it. */
  readonly scope: string;
  readonly kind: "internal" | "server" | "client";
  readonly status: "unset" | "ok" | "error";
  readonly attributes: Attributes;
  readonly events: readonly { name: string; attributes: Attributes }[];
}

/** A running collector. */
export interface Collector extends AsyncDisposable {
  /** Variables for the process that sends to it. */
  readonly env: Readonly<Record<string, string>>;
  /** Resolves when the spans of so many requests have arrived since the last look, and no other one for a while. */
  served(requests: number): Promise<void>;
  /** The spans since the last look. */
  take(): Span[];
  /** Resolves when these metrics have arrived: their names, each with the name of its scope before it. */
  measured(names: readonly string[]): Promise<void>;
}

/** Milliseconds between two deliveries of the process. */
const DELAY_MS = 50;

/** Milliseconds without a span after which no work of the requests is left. */
const QUIET_MS = 1000;

/** Maximum milliseconds until the spans of requests arrive: far more than a busy machine needs. */
const LIMIT_MS = 120_000;

/** True for the span of a request to the registry, and not to the port of its metrics. */
export function isServed({ kind, attributes }: Span): boolean {
  return kind === "server" && attributes["http.route"] !== undefined;
}

/** Starts a collector on a free port. */
export function startCollector(): Collector {
  let spans: Span[] = [];
  let arrived = performance.now();
  const metrics = new Set<string>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    const body = await request.json();
    if (pathname === "/v1/traces") {
      spans.push(...spansOf(body));
      arrived = performance.now();
    }
    if (pathname === "/v1/metrics") { for (const name of metricsOf(body)) metrics.add(name); }
    return Response.json({});
  });
  return {
    env: {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${server.addr.port}`,
      OTEL_BSP_SCHEDULE_DELAY: `${DELAY_MS}`,
      OTEL_METRIC_EXPORT_INTERVAL: "500",
    },
    async served(requests) {
      const end = performance.now() + LIMIT_MS;
      const isComplete = () => spans.filter(isServed).length >= requests;
      while (!isComplete() || performance.now() - arrived < QUIET_MS) {
        if (performance.now() > end) throw new Error(`Only ${spans.length} spans arrived`);
        await new Promise((resolve) => setTimeout(resolve, DELAY_MS));
      }
    },
    take() {
      const taken = spans;
      spans = [];
      return taken;
    },
    async measured(names) {
      const end = performance.now() + LIMIT_MS;
      while (!names.every((name) => metrics.has(name))) {
        if (performance.now() > end) {
          throw new Error(`Only these metrics arrived: ${[...metrics].join(", ")}`);
        }
        await new Promise((resolve) => setTimeout(resolve, DELAY_MS));
      }
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

interface Entry {
  key: string;
  value: Record<string, string | number | boolean>;
}

interface WireSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  kind?: number;
  status?: { code?: number };
  attributes?: Entry[];
  events?: { name: string; attributes?: Entry[] }[];
}

interface Scoped<T> {
  scope?: { name?: string };
  spans?: T[];
  metrics?: T[];
}

const KINDS = ["internal", "internal", "server", "client"] as const;
const STATUSES = ["unset", "ok", "error"] as const;

function spansOf(body: { resourceSpans: { scopeSpans: Scoped<WireSpan>[] }[] }): Span[] {
  return body.resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans = [] }) =>
      spans.map((
        { name, traceId, spanId, parentSpanId = "", kind = 0, status, attributes, events = [] },
      ) => ({
        name,
        traceId,
        spanId,
        parentSpanId,
        scope: scope?.name ?? "",
        kind: KINDS[kind] ?? "internal",
        status: STATUSES[status?.code ?? 0] ?? "unset",
        attributes: attributesOf(attributes),
        events: events.map(({ name, attributes }) => ({ name, attributes: attributesOf(attributes) })),
      }))
    )
  );
}

function metricsOf(body: { resourceMetrics: { scopeMetrics: Scoped<{ name: string }>[] }[] }): string[] {
  return body.resourceMetrics.flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap(({ scope, metrics = [] }) => metrics.map(({ name }) => `${scope?.name} ${name}`))
  );
}

function attributesOf(entries: Entry[] = []): Attributes {
  return Object.fromEntries(entries.map(({ key, value }) => {
    const [[kind, plain] = ["", ""]] = Object.entries(value);
    return [key, kind === "intValue" ? Number(plain) : plain];
  }));
}
