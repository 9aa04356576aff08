import { metrics } from "@opentelemetry/api";
import type { Instrument } from "../instruments.ts";
import type { Measure, Meter, Reading } from "../meter.ts";

/** Name under which the registry's own measurements and spans are sent. */
export const SCOPE = "skerry";

/** Meter of Deno's own OpenTelemetry exporter. */
export class OtelMeter implements Meter {
  readonly #meter = metrics.getMeter(SCOPE);
  /** Counters and histograms, each for all values of its labels. */
  readonly #instruments = new Map<Instrument, (value: number, labels: Record<string, string>) => void>();

  measure(instrument: Instrument, labels: readonly string[]): Measure {
    let record = this.#instruments.get(instrument);
    if (record === undefined) this.#instruments.set(instrument, record = this.#create(instrument));
    const attributes = attributesOf(instrument, labels);
    return (value) => record(value, attributes);
  }

  watch(instrument: Instrument, read: () => Reading[]): void {
    const { name } = instrument;
    const observable = instrument.kind === "counter"
      ? this.#meter.createObservableCounter(name, optionsOf(instrument))
      : this.#meter.createObservableGauge(name, optionsOf(instrument));
    observable.addCallback((result) => {
      for (const { labels, value } of read()) result.observe(value, attributesOf(instrument, labels));
    });
  }

  #create(instrument: Instrument): (value: number, labels: Record<string, string>) => void {
    if (instrument.kind === "counter") {
      const counter = this.#meter.createCounter(instrument.name, optionsOf(instrument));
      return (value, labels) => counter.add(value, labels);
    }
    const histogram = this.#meter.createHistogram(instrument.name, optionsOf(instrument));
    return (value, labels) => histogram.record(value, labels);
  }
}

function attributesOf(instrument: Instrument, labels: readonly string[]): Record<string, string> {
  return Object.fromEntries(labels.map((value, index) => [instrument.labels[index]!, value]));
}

function optionsOf({ description, unit, buckets }: Instrument) {
  const advice = buckets && { advice: { explicitBucketBoundaries: [...buckets] } };
  return { description, unit, ...advice };
}
