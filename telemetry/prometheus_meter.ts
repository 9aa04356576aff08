import prom from "prom-client";
import { type Instrument, labelName, prometheusName } from "./instruments.ts";
import type { Meter, Reading } from "./meter.ts";

/** Metrics of one process, which another process can add to its own. Plain JSON. */
export type Snapshot = readonly object[];

/** A counter or histogram for certain values of its labels. */
interface Child {
  inc?(value: number): void;
  observe?(value: number): void;
}

/** An instrument with its children by the values of their labels. */
interface Entry {
  metric: prom.Counter | prom.Histogram;
  children: Map<string, Child>;
}

/** Meter whose metrics a Prometheus server collects. */
export class PrometheusMeter implements Meter {
  readonly #registry = new prom.Registry();
  readonly #entries = new Map<Instrument, Entry>();

  /** Meter whose metrics are there from the start, with 0 for the known values of a label. */
  constructor(instruments: readonly Instrument[]) {
    for (const instrument of instruments) {
      if (instrument.kind === "gauge") continue; // it is read, and may have no value yet
      const entry = this.#make(instrument);
      this.#entries.set(instrument, entry);
      for (const value of instrument.values ?? []) this.add(instrument, 0, [value]);
    }
  }

  add(instrument: Instrument, value: number, labels: readonly string[]): void {
    this.#child(instrument, labels).inc!(value);
  }

  record(instrument: Instrument, value: number, labels: readonly string[]): void {
    this.#child(instrument, labels).observe!(value);
  }

  watch(instrument: Instrument, read: () => Reading[]): void {
    const options = this.#optionsOf(instrument);
    this.#registry.removeSingleMetric(options.name);
    if (instrument.kind === "counter") {
      new prom.Counter({
        ...options,
        collect() {
          this.reset();
          for (const { labels, value } of read()) this.labels(...labels).inc(value);
        },
      });
    } else {
      new prom.Gauge({
        ...options,
        aggregator: instrument.aggregation ?? "sum",
        collect() {
          this.reset();
          // Without a label, a reset leaves 0.
          if (instrument.labels.length === 0) this.remove();
          for (const { labels, value } of read()) this.labels(...labels).set(value);
        },
      });
    }
  }

  /** Metrics of this process. */
  snapshot(): Promise<Snapshot> {
    return this.#registry.getMetricsAsJSON();
  }

  /** The child is found by the values joined: `labels()` of the library would make another object each time. */
  #child(instrument: Instrument, labels: readonly string[]): Child {
    const { metric, children } = this.#entries.get(instrument)!;
    const key = labels.length === 1 ? labels[0]! : labels.join(" ");
    let child = children.get(key);
    if (child === undefined) children.set(key, child = metric.labels(...labels) as Child);
    return child;
  }

  #make(instrument: Instrument): Entry {
    const options = this.#optionsOf(instrument);
    const metric = instrument.kind === "counter"
      ? new prom.Counter(options)
      : new prom.Histogram({ ...options, buckets: [...instrument.buckets ?? []] });
    return { metric, children: new Map() };
  }

  #optionsOf(instrument: Instrument) {
    return {
      name: prometheusName(instrument),
      help: instrument.description,
      labelNames: instrument.labels.map(labelName),
      registers: [this.#registry],
    };
  }
}
