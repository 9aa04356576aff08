import { assertEquals } from "@std/assert";
import { type Network, type WaitingConnection, WaitingConnections } from "./waiting_connections.ts";

interface Connection extends WaitingConnection {
  readonly network: string;
}

const connection = (network: string, waitsSince: number): Connection => ({ network, waitsSince });

/** The networks that make room in turn, each written with the time since which its connection waits. */
function order(now: number, connections: Connection[]): string[] {
  const all = new WaitingConnections<Connection>();
  const networks = new Map<Connection, Network<Connection>>();
  for (const each of connections) {
    const network = all.join(each.network);
    network.waiting.add(each);
    networks.set(each, network);
  }
  const found = [];
  for (let next; (next = all.choose(now)) !== undefined; all.leave(networks.get(next)!, next)) {
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
  const all = new WaitingConnections();
  all.join("a");
  assertEquals(all.choose(0), undefined);
});

Deno.test("WaitingConnections.since() finds those of each network that have waited so long, and permits to close them", () => {
  const all = new WaitingConnections<Connection>();
  for (const each of [connection("a", 1), connection("a", 3), connection("b", 2), connection("b", 4)]) {
    all.join(each.network).waiting.add(each);
  }
  const found = [];
  for (const each of all.since(3)) {
    found.push(each.waitsSince);
    const network = all.join(each.network);
    all.leave(network, each);
    all.leave(network, each);
  }
  assertEquals(found, [1, 3, 2]);
  assertEquals(all.choose(10)?.waitsSince, 4);
  assertEquals([...all.since(3)], []);
});
