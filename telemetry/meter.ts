import type { Instrument } from "./instruments.ts";

/** Value of an instrument at the time of a collection, with the values of its labels. */
export interface Reading {
  /** Values of the labels, in the order of the instrument. */
  readonly labels: readonly string[];
  /** Value. */
  readonly value: number;
}

/** Takes a measurement: adds to a counter, or records in a histogram. */
export type Measure = (value: number) => void;

/** Destination of measurements. */
export interface Meter {
  /**
   * Measure of a counter or histogram for these values of its labels, in the order of the instrument. The caller keeps it:
   * finding it costs more than using it.
   */
  measure(instrument: Instrument, labels: readonly string[]): Measure;
  /** Reads a gauge, or a counter that is counted elsewhere, at each collection. One call for an instrument. */
  watch(instrument: Instrument, read: () => Reading[]): void;
}
