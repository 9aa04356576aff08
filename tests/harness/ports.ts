/** Names the range of ports of {@linkcode freePort}, as `<first>-<end>`: processes with disjoint ranges never collide. */
export const PORTS_VARIABLE = "TEST_PORTS";

/** Range of ports of {@linkcode freePort}: below the ports that Linux assigns to connections by itself. */
export const PORTS = rangeOf(Deno.env.get(PORTS_VARIABLE) ?? "10000-32768");

/** Ports that {@linkcode freePort} has returned: their users listen only some time later. */
const given = new Set<number>();

/** A free TCP port of the loopback interface, another one at each call. */
export function freePort(): number {
  while (true) {
    const port = PORTS.first + Math.floor(Math.random() * (PORTS.end - PORTS.first));
    if (given.has(port) || isTaken(port)) continue;
    given.add(port);
    return port;
  }
}

function rangeOf(text: string): { first: number; end: number } {
  const [first, end] = text.split("-").map(Number);
  return { first: first!, end: end! };
}

function isTaken(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return true;
    throw error;
  }
}
