/** Price of a thing. */
export interface Price {
  /** US dollars for `per` of it. */
  usd: number;
  /** Number of things that `usd` buys. */
  per: number;
  /** Number of things a month that cost nothing. */
  included: number;
}

/** Names of the things that have a price. */
export const PRICED = [
  "readUnits",
  "writeUnits",
  "puts",
  "gets",
  "storedGiB",
  "bucketTransferGiB",
  "http",
  "appTransferGiB",
  "appMonths",
] as const;

/** Name of a thing that has a price. */
export type Priced = typeof PRICED[number];

/** A table of prices. */
export interface Prices {
  /** Day or month in which the prices were read. */
  date: string;
  /** Region and plan for which they hold. */
  region: string;
  /** The prices. */
  prices: Record<Priced, Price>;
}

const MILLION = 1_000_000;

/**
 * Published prices: aws.amazon.com/dynamodb/pricing/on-demand, aws.amazon.com/s3/pricing (Standard, the first tier) and
 * deno.com/deploy/pricing (Pro).
 */
export const PRICES: Prices = {
  date: "2026-05",
  region: "AWS us-east-1, Deno Deploy Pro",
  prices: {
    readUnits: { usd: 0.125, per: MILLION, included: 0 },
    writeUnits: { usd: 0.625, per: MILLION, included: 0 },
    puts: { usd: 0.005, per: 1000, included: 0 },
    gets: { usd: 0.0004, per: 1000, included: 0 },
    storedGiB: { usd: 0.023, per: 1, included: 0 },
    bucketTransferGiB: { usd: 0.09, per: 1, included: 100 },
    http: { usd: 2, per: MILLION, included: 5 * MILLION },
    appTransferGiB: { usd: 0.5, per: 1, included: 200 },
    appMonths: { usd: 20, per: 1, included: 0 },
  },
};

/** Reads a table of prices from the text of a file; `undefined` for invalid text. */
export function readPrices(text: string): Prices | undefined {
  let value: Partial<Prices> | null;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { date, region, prices } = value ?? {};
  const isPrice = (price: Partial<Price> | undefined) =>
    [price?.usd, price?.per, price?.included].every((number) => Number.isFinite(number) && number! >= 0) &&
    price!.per! > 0;
  return typeof date === "string" && typeof region === "string" &&
      PRICED.every((name) => isPrice(prices?.[name]))
    ? { date, region, prices: prices! }
    : undefined;
}
