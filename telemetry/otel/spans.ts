import { type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { SCOPE } from "./otel_meter.ts";
import type { TracedRequest } from "../observer.ts";
import type { Attributes, Tracing } from "../tracing.ts";

/** Maximum characters of an attribute that the client chooses. */
const MAX_ATTRIBUTE_CHARACTERS = 256;

/**
 * Spans of Deno's own OpenTelemetry exporter. Deno makes the span of each request, and one for each `fetch` to a store;
 * both end by themselves.
 */
export class Spans implements Tracing {
  readonly #tracer = trace.getTracer(SCOPE);

  /** Runs an operation in a span if it is part of a request. Background work would make a trace of each call. */
  async around<T>(name: string, attributes: Attributes, run: () => Promise<T>): Promise<T> {
    if (!trace.getActiveSpan()?.isRecording()) return await run();
    return await this.#tracer.startActiveSpan(name, { kind: SpanKind.CLIENT, attributes }, async (span) => {
      try {
        return await run();
      } catch (error) {
        fail(span, error);
        throw error;
      } finally {
        span.end();
      }
    });
  }

  /** Adds an event to the active span, if there is one. */
  event(name: string, attributes: Attributes): void {
    trace.getActiveSpan()?.addEvent(name, attributes);
  }

  /** Adds the facts of a request to its span. `route` is the template of its path. */
  describe(request: TracedRequest, route: string): void {
    const { method, route: kind, path, id, principal, address, userAgent, error } = request;
    const span = trace.getActiveSpan();
    if (!span?.isRecording()) return; // It is not sampled.
    span.updateName(`${method} ${route}`);
    span.setAttributes({
      "http.route": route,
      // Deno sets both with the query, which may name an account.
      "url.full": path,
      "url.query": "",
      "skerry.request.id": id,
      ...(kind !== undefined && { "skerry.endpoint": kind }),
      ...(principal !== undefined && { "enduser.id": principal }),
      ...(address !== undefined && { "client.address": address }),
      ...(userAgent !== undefined && { "user_agent.original": userAgent.slice(0, MAX_ATTRIBUTE_CHARACTERS) }),
    });
    if (error !== undefined) fail(span, error);
  }
}

function fail(span: Span, error: unknown): void {
  if (error instanceof Error) span.recordException(error);
  span.setStatus({
    code: SpanStatusCode.ERROR,
    message: error instanceof Error ? error.message : String(error),
  });
}
