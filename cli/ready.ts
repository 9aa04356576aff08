import type { Config } from "../config/mod.ts";

/** Milliseconds until an answer counts as missing. `/readyz` itself answers within about two seconds. */
const TIMEOUT_MS = 5000;

/** Addresses that stand for every address of the machine, each with one that a client can use. */
const LOOPBACK: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/**
 * `skerry ready`: asks a running registry for its readiness and prints the answer. For health checks of containers, and
 * for scripts that restart one replica after the other.
 *
 * @returns The exit code, 0 if the registry is ready.
 */
export async function ready(url: string, print: (text: string) => void): Promise<number> {
  try {
    const response = await fetch(new URL("/readyz", url), { signal: AbortSignal.timeout(TIMEOUT_MS) });
    print((await response.text()).trimEnd());
    return response.ok ? 0 : 1;
  } catch (error) {
    const { message, cause } = error as Error;
    print(`Cannot reach ${url}: ${cause instanceof Error ? cause.message : message}`);
    return 1;
  }
}

/** Address of a registry with this configuration on the same machine. */
export function ownUrl({ host, port }: Pick<Config, "host" | "port">): string {
  const address = LOOPBACK[host] ?? host;
  return `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
}
