import { median } from "./figure.ts";

/** The median of request rates, as it is written beside a ratio. */
export function perSecond(rates: readonly number[]): string {
  return `${Math.round(median(rates)).toLocaleString("en")}/s`;
}

/** The median of milliseconds. */
export function milliseconds(times: readonly number[]): string {
  return `${median(times).toFixed(0)} ms`;
}

/** The median of milliseconds, where they are few. */
export function microseconds(times: readonly number[]): string {
  return `${(median(times) * 1000).toFixed(0)} us`;
}
