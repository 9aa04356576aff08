import type { Instrument } from "./instruments.ts";

/** Value of an instrument at the time of a collection, with the values of its labels. */
export interface Reading {
  /** Values of the labels, in the order of the instrument. */
  readonly labels: readonly string[];
  /** Value. */
  readonly value: number;
}

/** Destination of measurements. Values of labels are in the order of the instrument. */
export interface Meter {
  /** Adds to a counter. */
  add(instrument: Instrument, value: number, labels: readonly string[]): void;
  /** Records a value in a histogram. */
  record(instrument: Instrument, value: number, labels: readonly string[]): void;
  /** Reads a gauge, or a counter that is counted elsewhere, at each collection. One call for an instrument. */
  watch(instrument: Instrument, read: () => Reading[]): void;
}
