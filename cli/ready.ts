import type { Config } from "../config/mod.ts";

/** Milliseconds until an answer counts as missing. `/readyz` itself answers within about two seconds. */
const TIMEOUT_MS = 5000;

/** Addresses that stand for every address of the machine, each with one that a client can use. */
const LOOPBACK: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** Options of {@linkcode ready}. */
export interface ReadyOptions {
  /** False for an address of this machine, which no certificate names; true by default. */
  verifiesName?: boolean;
}

/**
 * `skerry ready`: asks a running registry for its readiness and prints the answer. For health checks of containers, and
 * for scripts that restart one replica after the other.
 *
 * @returns The exit code, 0 if the registry is ready.
 */
export async function ready(
  url: string,
  print: (text: string) => void,
  { verifiesName = true }: ReadyOptions = {},
): Promise<number> {
  const target = new URL("/readyz", url);
  try {
    const { status, text } = verifiesName || target.protocol === "http:"
      ? await ask(target)
      : await askUnverified(target);
    print(text.trimEnd());
    return status === 200 ? 0 : 1;
  } catch (error) {
    const { message, cause } = error as Error;
    print(`Cannot reach ${url}: ${cause instanceof Error ? cause.message : message}`);
    return 1;
  }
}

/** Address of a registry with this configuration on the same machine. */
export function ownUrl(
  { host, port, tlsCert = "" }: Pick<Config, "host" | "port"> & Partial<Pick<Config, "tlsCert">>,
): string {
  const address = LOOPBACK[host] ?? host;
  return `${tlsCert === "" ? "http" : "https"}://${address.includes(":") ? `[${address}]` : address}:${port}`;
}

async function ask(url: URL): Promise<{ status: number; text: string }> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  return { status: response.status, text: await response.text() };
}

/** Asks without a check of the certificate. `fetch` always checks it. */
async function askUnverified(url: URL): Promise<{ status: number; text: string }> {
  const { get } = await import("node:https");
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  get(url, { rejectUnauthorized: false, agent: false, signal }, async (response) => {
    let text = "";
    for await (const part of response) text += part;
    resolve({ status: response.statusCode ?? 0, text });
  }).on("error", reject);
  return await promise;
}
