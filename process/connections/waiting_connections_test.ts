import { assertEquals } from "@std/assert";
import { type WaitingConnection, WaitingConnections } from "./waiting_connections.ts";

const connection = (network: string, waitsSince: number): WaitingConnection => ({ network, waitsSince });

/** The networks that make room in turn, each written with the time since which its connection waits. */
function order(now: number, connections: WaitingConnection[]): string[] {
  const waiting = new WaitingConnections();
  for (const each of connections) waiting.add(each);
  const found = [];
  for (let next; (next = waiting.choose(now)) !== undefined; waiting.delete(next)) {
    found.push(`${next.network}${next.waitsSince}`);
  }
  return found;
}

Deno.test("WaitingConnections.choose() takes the network that has most, its oldest first", () => {
  const all = [connection("a", 0), connection("b", 1), connection("b", 2), connection("b", 3)];
  assertEquals(order(10_000, all), ["b1", "b2", "a0", "b3"]);
});

Deno.test("WaitingConnections.choose() spares a new connection for a moment", () => {
  const all = [connection("a", 0), connection("b", 9500), connection("b", 9600)];
  assertEquals(order(10_000, all), ["a0", "b9500", "b9600"]);
});

Deno.test("WaitingConnections.choose() has no such moment for a flood", () => {
  const flood = Array.from({ length: 9 }, (_, index) => connection("b", 9500 + index));
  assertEquals(order(10_000, [connection("a", 0), ...flood]).slice(0, 3), ["b9500", "a0", "b9501"]);
});

Deno.test("WaitingConnections.choose() finds none where none waits", () => {
  const waiting = new WaitingConnections();
  waiting.delete(connection("a", 0));
  assertEquals(waiting.choose(0), undefined);
});
