import { estimate, type Load } from "./estimate.ts";
import { type Priced, PRICES, type Prices, readPrices } from "./prices.ts";
import { size, StartError } from "../../config/mod.ts";
import { MisuseError } from "../command.ts";

/** Options of `skerry cost`, as texts. */
export interface CostOptions {
  /** Images that are pulled. */
  pulls: string | undefined;
  /** New images that are pushed. */
  pushes: string | undefined;
  /** Size of an image. */
  bytes: string | undefined;
  /** Bytes in the bucket; by default those of the pushed images. */
  stored: string | undefined;
  /** Layers of an image. */
  layers: string | undefined;
  /** Days of the load. */
  days: string | undefined;
  /** True if clients are redirected to the bucket for layers. */
  redirect: boolean;
  /** Path of a file with other prices. */
  prices: string | undefined;
  /** True for one JSON object instead of a table. */
  json: boolean;
}

const LABELS: Record<Priced, string> = {
  readUnits: "table: read units",
  writeUnits: "table: write units",
  puts: "bucket: writes",
  gets: "bucket: reads",
  storedGiB: "bucket: GiB-months stored",
  bucketTransferGiB: "bucket: GiB sent",
  http: "app: requests",
  appTransferGiB: "app: GiB sent",
  appMonths: "app: months",
};

/**
 * Prints what a load costs.
 *
 * @returns The exit code.
 * @throws {MisuseError} for an invalid option.
 * @throws {StartError} if the file of prices is invalid.
 */
export async function cost(print: (text: string) => void, options: CostOptions): Promise<number> {
  const load = readLoad(options);
  const prices = options.prices === undefined ? PRICES : await readPriceFile(options.prices);
  const result = estimate(load, prices);
  if (options.json) {
    print(JSON.stringify({ load, prices, ...result }));
    return 0;
  }
  const rows = [
    ["item", "quantity", "USD"],
    ...result.lines.map(({ name, quantity, usd }) => [LABELS[name], whole(quantity), usd.toFixed(2)]),
    ["total", "", result.totalUsd.toFixed(2)],
  ];
  print(describeLoad(load));
  print(
    rows.map(([label = "", quantity = "", usd = ""]) =>
      `  ${label.padEnd(27)}${quantity.padStart(15)}${usd.padStart(12)}`
    ).join("\n"),
  );
  print(
    `Prices: ${prices.region}, ${prices.date}. Compare them with the current ones; --prices FILE takes others.`,
  );
  print("Not included: CPU and memory time of the app, items of the table at rest, garbage collection.");
  return 0;
}

function describeLoad({ pushes, pulls, days, layers, imageBytes, storedBytes }: Load): string {
  return `${whole(pushes)} pushes and ${whole(pulls)} pulls in ${whole(days)} days, of images with ` +
    `${whole(layers)} layers and ${mebibytes(imageBytes)}; ${mebibytes(storedBytes)} stored`;
}

function readLoad({ pulls, pushes, bytes, stored, layers = "5", days = "30", redirect }: CostOptions): Load {
  const count = (name: string, text: string | undefined, least: number) => {
    if (text === undefined) throw new MisuseError(`Missing --${name} N`);
    const number = Number(text);
    if (/^\d{1,15}$/.test(text) && number >= least) return number;
    throw new MisuseError(`Expected a number from ${least} for --${name}, got "${text}"`);
  };
  const bytesOf = (name: string, text: string | undefined) => {
    if (text === undefined) throw new MisuseError(`Missing --${name} SIZE`);
    const number = size("0", "8192TiB").read(text);
    if (number !== undefined) return number;
    throw new MisuseError(`Expected a size such as "200MiB" for --${name}, got "${text}"`);
  };
  const pushCount = count("pushes", pushes, 0);
  const imageBytes = bytesOf("bytes", bytes);
  return {
    days: count("days", days, 1),
    pushes: pushCount,
    pulls: count("pulls", pulls, 0),
    layers: count("layers", layers, 1),
    imageBytes,
    storedBytes: stored === undefined ? pushCount * imageBytes : bytesOf("stored", stored),
    redirect,
  };
}

async function readPriceFile(path: string): Promise<Prices> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    throw new StartError(`Cannot read the prices in "${path}": ${(error as Error).message}`);
  }
  const prices = readPrices(text);
  if (prices !== undefined) return prices;
  throw new StartError(
    `Cannot use the prices in "${path}": expected the object "prices" that skerry cost --json prints`,
  );
}

function whole(number: number): string {
  return Math.round(number).toLocaleString("en");
}

function mebibytes(bytes: number): string {
  return `${whole(bytes / 2 ** 20)} MiB`;
}
