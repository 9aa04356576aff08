import { assertEquals, assertRejects } from "@std/assert";
import { Door } from "./door.ts";

async function connect(port: number): Promise<void> {
  (await Deno.connect({ hostname: "127.0.0.1", port })).close();
}

Deno.test("Door() takes connections while it is open, and refuses them while it is not", async () => {
  let visits = Promise.withResolvers<void>();
  const door = new Door(0, (connection) => {
    connection.close();
    visits.resolve();
  });
  await connect(door.port);
  await visits.promise;
  await door.close();
  assertEquals(door.open, false);
  await assertRejects(() => connect(door.port), Deno.errors.ConnectionRefused);
  door.open = true;
  visits = Promise.withResolvers();
  await connect(door.port);
  await visits.promise;
  await door.close();
});

Deno.test("Door() opens again before its port is free", async () => {
  const visits = Promise.withResolvers<void>();
  const door = new Door(0, (connection) => {
    connection.close();
    visits.resolve();
  });
  door.open = false;
  door.open = true;
  assertEquals(door.open, true);
  // The old listener may still accept a connection without an event, or reset it.
  await connect(door.port).catch(() => {});
  await connect(door.port);
  await visits.promise;
  await door.close();
});
