import { putsOfBlob, SWEPT, usageOf } from "./counted.ts";
import { PRICED, type Priced, type Prices } from "./prices.ts";

/** Days of a month in prices. */
const MONTH_DAYS = 30;

/** Bytes of a part of a multipart upload: the default of SKERRY_S3_PART_SIZE. */
const PART_BYTES = 16 * 2 ** 20;

/** Load of a registry during a time. */
export interface Load {
  /** Length of the time. */
  days: number;
  /** New images that are pushed. */
  pushes: number;
  /** Images that are pulled. */
  pulls: number;
  /** Layers of an image. */
  layers: number;
  /** Bytes of an image. */
  imageBytes: number;
  /** Bytes in the bucket. */
  storedBytes: number;
  /** True if clients are redirected to the bucket for layers (SKERRY_DELIVERY). */
  redirect: boolean;
}

/** Quantity and cost of one thing. */
export interface CostLine {
  /** The thing. */
  name: Priced;
  /** Its quantity. */
  quantity: number;
  /** Cost in US dollars. */
  usd: number;
}

/** Costs of a load: by thing, and their sum in US dollars. */
export function estimate(load: Load, { prices }: Prices): { lines: CostLine[]; totalUsd: number } {
  const months = load.days / MONTH_DAYS;
  const quantities = quantitiesOf(load, months);
  const lines = PRICED.map((name) => {
    const { usd, per, included } = prices[name];
    const quantity = quantities[name];
    return { name, quantity, usd: Math.max(0, quantity - included * months) / per * usd };
  });
  return { lines, totalUsd: lines.reduce((sum, { usd }) => sum + usd, 0) };
}

function quantitiesOf(load: Load, months: number): Record<Priced, number> {
  const { pushes, pulls, layers, imageBytes, storedBytes, redirect } = load;
  const push = usageOf("push", layers);
  const pull = usageOf("pull", layers);
  const blobs = layers + 1;
  // The counted layers have one part.
  const parts = Math.max(1, Math.ceil(imageBytes / layers / PART_BYTES));
  const putsOfPush = push.puts + layers * (putsOfBlob(parts) - putsOfBlob(1));
  const pulledGiB = pulls * imageBytes / 2 ** 30;
  return {
    readUnits: pushes * (push.readUnits + blobs * SWEPT.readUnits) + pulls * pull.readUnits,
    writeUnits: pushes * (push.writeUnits + blobs * SWEPT.writeUnits) + pulls * pull.writeUnits,
    puts: pushes * putsOfPush,
    gets: pulls * pull.gets,
    storedGiB: storedBytes / 2 ** 30 * months,
    // The bucket sends every byte of a pull, to the client or to the app, which sends it again.
    bucketTransferGiB: pulledGiB,
    http: pushes * push.http + pulls * pull.http,
    appTransferGiB: redirect ? 0 : pulledGiB,
    appMonths: months,
  };
}
