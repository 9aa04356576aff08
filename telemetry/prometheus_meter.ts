import { type Instrument, labelName, prometheusName } from "./instruments.ts";
import type { Measure, Meter, Reading } from "./meter.ts";

/** Sample of a metric in the form of `prom-client`. */
interface Sample {
  /** Name of the sample, where a metric has several. */
  metricName?: string;
  labels: Record<string, string | number>;
  value: number;
}

/** Metrics of one process, in the JSON of `prom-client`, which another process can add to its own. */
export type Snapshot = readonly object[];

/** Counter or histogram for certain values of its labels. */
interface Cell {
  readonly measure: Measure;
  samples(): Sample[];
}

/**
 * Meter whose metrics a Prometheus server collects. It counts by itself: an observation in `prom-client` takes 600 ns, of
 * about 30,000 for a pull that makes four.
 */
export class PrometheusMeter implements Meter {
  readonly #cells = new Map<Instrument, Map<string, Cell>>();
  readonly #readers = new Map<Instrument, () => Reading[]>();

  /** Meter whose counters are there from the start, with 0 for the known values of a label. */
  constructor(instruments: readonly Instrument[]) {
    for (const instrument of instruments) {
      if (instrument.kind === "gauge") continue; // it is read, and may have no value yet
      this.#cells.set(instrument, new Map());
      for (const value of instrument.values ?? []) this.measure(instrument, [value]);
      if (instrument.labels.length === 0) this.measure(instrument, []);
    }
  }

  measure(instrument: Instrument, labels: readonly string[]): Measure {
    const cells = this.#cells.get(instrument)!;
    const key = labels.join(" ");
    let cell = cells.get(key);
    if (cell === undefined) {
      const named = labelsOf(instrument, labels);
      cell = instrument.kind === "histogram" ? histogram(instrument, named) : counter(named);
      cells.set(key, cell);
    }
    return cell.measure;
  }

  watch(instrument: Instrument, read: () => Reading[]): void {
    this.#cells.delete(instrument);
    this.#readers.set(instrument, read);
  }

  /** Metrics of this process. */
  snapshot(): Snapshot {
    return [
      ...[...this.#cells].map(([instrument, cells]) =>
        metric(instrument, [...cells.values()].flatMap((cell) => cell.samples()))
      ),
      ...[...this.#readers].map(([instrument, read]) =>
        metric(
          instrument,
          read().map(({ labels, value }) => ({ labels: labelsOf(instrument, labels), value })),
        )
      ),
    ];
  }
}

function metric(instrument: Instrument, values: Sample[]): object {
  const { kind: type, description: help, aggregation: aggregator = "sum" } = instrument;
  return { name: prometheusName(instrument), help, type, aggregator, values };
}

function labelsOf(instrument: Instrument, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(values.map((value, index) => [labelName(instrument.labels[index]!), value]));
}

function counter(labels: Record<string, string>): Cell {
  let sum = 0;
  return {
    measure: (value) => void (sum += value),
    samples: () => [{ labels, value: sum }],
  };
}

function histogram(instrument: Instrument, labels: Record<string, string>): Cell {
  const { buckets = [] } = instrument;
  const name = prometheusName(instrument);
  /** Number of values in each bucket; the last one has no bound. */
  const counts = new Float64Array(buckets.length + 1);
  let sum = 0;
  return {
    measure(value) {
      let bucket = 0;
      while (bucket < buckets.length && value > buckets[bucket]!) bucket++;
      counts[bucket]!++;
      sum += value;
    },
    samples() {
      let count = 0;
      const bounds = [...buckets, "+Inf"].map((le, bucket): Sample => {
        count += counts[bucket]!;
        return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
      });
      return [
        ...bounds,
        { metricName: `${name}_sum`, labels, value: sum },
        { metricName: `${name}_count`, labels, value: count },
      ];
    },
  };
}
