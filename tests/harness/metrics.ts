/**
 * Metrics of a registry, read from their text.
 *
 * @module
 */
import { freePort } from "./ports.ts";

/** A sample of a metric. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Metrics of a registry: its settings, and its samples. */
export interface Metrics {
  readonly env: Readonly<Record<string, string>>;
  /** `host:port` of the metrics. */
  readonly host: string;
  /** Samples now. */
  read(): Promise<Sample[]>;
  /** Sum of the samples of this name with these labels. */
  sum(name: string, labels?: Record<string, string>): Promise<number>;
}

/** Metrics at a free port. */
export function metricsAtFreePort(): Metrics {
  const port = freePort();
  const host = `127.0.0.1:${port}`;
  const read = async () => {
    const response = await fetch(`http://${host}/metrics`);
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot read metrics: ${response.status} ${text}`);
    return samplesOf(text);
  };
  return {
    env: { SKERRY_METRICS_PORT: `${port}` },
    host,
    read,
    async sum(name, labels = {}) {
      const found = (await read()).filter((sample) =>
        sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value)
      );
      return found.reduce((sum, { value }) => sum + value, 0);
    },
  };
}

/** Samples of the text format of Prometheus, as the registry writes it: no escapes, no timestamps. */
export function samplesOf(text: string): Sample[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => {
    const [, name, labels = "", value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined) throw new SyntaxError(`Cannot read the sample "${line}"`);
    const pairs = [...labels.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, key, text]) => [key, text]);
    return { name, labels: Object.fromEntries(pairs), value: Number(value) };
  });
}
