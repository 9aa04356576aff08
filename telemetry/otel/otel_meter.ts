import { type Attributes, type Counter, type Histogram, metrics } from "@opentelemetry/api";
import type { Instrument } from "../instruments.ts";
import type { Meter, Reading } from "../meter.ts";

/** Name under which the registry's own measurements and spans are sent. */
export const SCOPE = "skerry";

/** Meter of Deno's own OpenTelemetry exporter. */
export class OtelMeter implements Meter {
  readonly #meter = metrics.getMeter(SCOPE);
  readonly #counters = new Map<Instrument, Counter>();
  readonly #histograms = new Map<Instrument, Histogram>();
  /** By the instrument and the values of its labels. */
  readonly #attributes = new Map<Instrument, Map<string, Attributes>>();

  add(instrument: Instrument, value: number, labels: readonly string[]): void {
    let counter = this.#counters.get(instrument);
    if (counter === undefined) {
      counter = this.#meter.createCounter(instrument.name, optionsOf(instrument));
      this.#counters.set(instrument, counter);
    }
    counter.add(value, this.#attributesOf(instrument, labels));
  }

  record(instrument: Instrument, value: number, labels: readonly string[]): void {
    let histogram = this.#histograms.get(instrument);
    if (histogram === undefined) {
      histogram = this.#meter.createHistogram(instrument.name, optionsOf(instrument));
      this.#histograms.set(instrument, histogram);
    }
    histogram.record(value, this.#attributesOf(instrument, labels));
  }

  watch(instrument: Instrument, read: () => Reading[]): void {
    const observable = instrument.kind === "counter"
      ? this.#meter.createObservableCounter(instrument.name, optionsOf(instrument))
      : this.#meter.createObservableGauge(instrument.name, optionsOf(instrument));
    observable.addCallback((result) => {
      for (const { labels, value } of read()) result.observe(value, this.#attributesOf(instrument, labels));
    });
  }

  #attributesOf(instrument: Instrument, labels: readonly string[]): Attributes {
    let known = this.#attributes.get(instrument);
    if (known === undefined) this.#attributes.set(instrument, known = new Map());
    const key = labels.join(" ");
    let attributes = known.get(key);
    if (attributes === undefined) {
      attributes = Object.fromEntries(labels.map((value, index) => [instrument.labels[index]!, value]));
      known.set(key, attributes);
    }
    return attributes;
  }
}

function optionsOf({ description, unit, buckets }: Instrument) {
  const advice = buckets && { advice: { explicitBucketBoundaries: [...buckets] } };
  return { description, unit, ...advice };
}
