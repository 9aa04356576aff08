import { assertEquals } from "@std/assert";
import { Clock } from "./clock.ts";

const TIME = Date.parse("2026-11-24T03:12:00Z");

function dated(time: number, more: Record<string, string> = {}): Headers {
  return new Headers({ date: new Date(time).toUTCString(), ...more });
}

Deno.test("Clock correct() adopts the time of a service that is minutes away, and keeps it", () => {
  let system = TIME;
  const clock = new Clock(() => system);
  assertEquals(clock.correct(dated(TIME + 3_600_000), clock.now()), true);
  assertEquals(clock.now().getTime(), TIME + 3_600_000);
  system += 1000;
  assertEquals(clock.now().getTime(), TIME + 3_601_000);
  // The correction did not help: another attempt would not either.
  assertEquals(clock.correct(dated(TIME + 3_601_000), clock.now()), false);
});

Deno.test("Clock correct() tells that a request signed before the correction may be tried again", () => {
  const clock = new Clock(() => TIME);
  const signedAt = clock.now();
  assertEquals(clock.correct(dated(TIME - 3_600_000), signedAt), true);
  assertEquals(clock.correct(dated(TIME - 3_600_000), signedAt), true);
  assertEquals(clock.now().getTime(), TIME - 3_600_000);
});

Deno.test("Clock correct() ignores small differences, cached responses and responses without a time", () => {
  const clock = new Clock(() => TIME);
  for (
    const headers of [
      dated(TIME + 200_000),
      dated(TIME + 3_600_000, { age: "3600" }),
      new Headers(),
      new Headers({ date: "yesterday" }),
    ]
  ) {
    assertEquals(clock.correct(headers, clock.now()), false);
    assertEquals(clock.now().getTime(), TIME);
  }
});
