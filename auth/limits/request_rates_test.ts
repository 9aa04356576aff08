import { assertEquals, assertThrows } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import { RequestRates } from "./request_rates.ts";
import { recording } from "../../telemetry/testing/recording.ts";

Deno.test("RequestRates admits the configured number in a minute, and more as time passes", () => {
  let now = 0;
  const rates = new RequestRates({ perMinute: 30, now: () => now });
  for (let i = 0; i < 30; i++) rates.take("alice");
  const refused = assertThrows(() => rates.take("alice"), RegistryError);
  assertEquals([refused.status, refused.headers["Retry-After"]], [429, "2"]);
  rates.take("bob");
  now += 2000;
  rates.take("alice");
  assertThrows(() => rates.take("alice"), RegistryError);
  now += 3_600_000;
  for (let i = 0; i < 30; i++) rates.take("alice");
  assertThrows(() => rates.take("alice"), RegistryError);
});

Deno.test("RequestRates adds no requests if the clock goes back", () => {
  let now = 1_000_000;
  const rates = new RequestRates({ perMinute: 1, now: () => now });
  rates.take("alice");
  now = 0;
  assertThrows(() => rates.take("alice"), RegistryError);
});

Deno.test("RequestRates sets no bound when it is 0", () => {
  const rates = new RequestRates({ perMinute: 0 });
  for (let i = 0; i < 1000; i++) rates.take("alice");
});

Deno.test("RequestRates.add() counts the requests that another process has drained, once", () => {
  const now = () => 0;
  const [one, other] = [1, 2].map(() => new RequestRates({ perMinute: 10, isShared: true, now }));
  for (let i = 0; i < 6; i++) one!.take("alice");
  const counts = one!.drain();
  assertEquals(counts, [["alice", 6]]);
  assertEquals(one!.drain(), []);
  other!.add(counts);
  assertEquals(other!.drain(), []);
  for (let i = 0; i < 4; i++) other!.take("alice");
  assertThrows(() => other!.take("alice"), RegistryError);
  other!.take("bob");
});

Deno.test("RequestRates.add() makes a client wait longer that several processes have admitted too often", () => {
  let now = 0;
  const rates = new RequestRates({ perMinute: 60, now: () => now });
  for (let i = 0; i < 60; i++) rates.take("alice");
  rates.add([["alice", 5]]);
  const refused = assertThrows(() => rates.take("alice"), RegistryError);
  assertEquals(refused.headers["Retry-After"], "6");
  now += 6000;
  rates.take("alice");
});

Deno.test("RequestRates keeps the fill of each bucket under another limit", () => {
  const now = () => 0;
  const options = { isShared: true, now };
  const first = new RequestRates({ perMinute: 10, ...options });
  for (let i = 0; i < 4; i++) first.take("alice");
  for (let i = 0; i < 10; i++) first.take("bob");
  const raised = new RequestRates({ perMinute: 100, earlier: first, ...options });
  for (let i = 0; i < 6; i++) raised.take("alice");
  for (const client of ["alice", "bob"]) assertThrows(() => raised.take(client), RegistryError);
  const lowered = new RequestRates({ perMinute: 2, earlier: raised, ...options });
  for (let i = 0; i < 2; i++) lowered.take("carol");
  assertThrows(() => lowered.take("carol"), RegistryError);
  assertEquals(lowered.drain(), [["alice", 10], ["bob", 10], ["carol", 2]]);
});

Deno.test("RequestRates starts with full buckets when a limit follows none", () => {
  const now = () => 0;
  const unlimited = new RequestRates({ perMinute: 0, isShared: true, now });
  unlimited.add([["alice", 5]]);
  const limited = new RequestRates({ perMinute: 2, earlier: unlimited, now });
  for (let i = 0; i < 2; i++) limited.take("alice");
  assertThrows(() => limited.take("alice"), RegistryError);
});

Deno.test("RequestRates reports refused requests to telemetry", () => {
  using events = recording();
  const rates = new RequestRates({ perMinute: 1, now: () => 0 });
  rates.take("alice");
  assertEquals(events.take(), []);
  assertThrows(() => rates.take("alice"), RegistryError);
  assertEquals(events.take(), ["refused request-rate"]);
});
