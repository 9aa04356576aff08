import { assertEquals, assertThrows } from "@std/assert";
import { RegistryError } from "../oci/errors.ts";
import { FailedLogins } from "./failed_logins.ts";

const HERE = "192.0.2.1";
const THERE = "198.51.100.1";

/** Failed logins at a time that the test sets. */
function make(free = 3) {
  const clock = { now: 1_000_000 };
  const failures = new FailedLogins({ free, now: () => clock.now });
  const fail = (name: string, address: string, times = 1) => {
    for (let i = 0; i < times; i++) failures.begin(name, address).fail();
  };
  const waitOf = (name: string, address: string): number => {
    try {
      failures.begin(name, address).abandon();
      return 0;
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      assertEquals([error.status, error.code], [429, "TOOMANYREQUESTS"]);
      return Number(error.headers["Retry-After"]);
    }
  };
  return { clock, failures, fail, waitOf };
}

Deno.test("FailedLogins lets an address fail a few times, then makes it wait, and longer each time", () => {
  const { clock, fail, waitOf } = make();
  fail("a", HERE);
  fail("b", HERE);
  assertEquals(waitOf("c", HERE), 0);
  fail("c", HERE);
  assertEquals(waitOf("d", HERE), 1);
  for (const wait of [2, 4, 8, 16, 32, 60, 60]) {
    clock.now += waitOf("d", HERE) * 1000;
    fail("d", HERE);
    assertEquals(waitOf("e", HERE), wait);
  }
});

Deno.test("FailedLogins does not slow others down who log in from elsewhere", () => {
  const { fail, waitOf } = make();
  for (let i = 0; i < 3; i++) fail(`user${i}`, HERE);
  assertEquals(waitOf("user9", HERE), 1);
  assertEquals(waitOf("user9", THERE), 0);
});

Deno.test("FailedLogins does not slow down whoever has logged in from that address before", () => {
  const { failures, fail, waitOf } = make();
  failures.begin("alice", HERE).succeed();
  for (const name of ["a", "b", "c"]) fail(name, HERE);
  assertEquals(waitOf("b", HERE), 1);
  assertEquals(waitOf("alice", HERE), 0);
});

Deno.test("FailedLogins makes the guesses at one name wait, wherever they come from, but not for long", () => {
  const { clock, fail, waitOf } = make();
  for (let i = 0; i < 3; i++) fail("alice", `192.0.2.${i}`);
  assertEquals(waitOf("alice", THERE), 1);
  assertEquals(waitOf("bob", THERE), 0);
  for (let i = 0; i < 9; i++) {
    clock.now += 4000;
    fail("alice", `198.51.100.${i}`);
  }
  assertEquals(waitOf("alice", THERE), 4);
});

Deno.test("FailedLogins makes a known pair wait too when it guesses", () => {
  const { failures, fail, waitOf } = make();
  failures.begin("alice", HERE).succeed();
  fail("alice", HERE, 3);
  assertEquals(waitOf("alice", HERE), 1);
  assertEquals(waitOf("alice", THERE), 0);
});

Deno.test("FailedLogins bounds the guesses under way at a time", () => {
  const { clock, failures, fail } = make();
  const attempts = Array.from({ length: 64 }, (_, i) => failures.begin(`user${i}`, HERE));
  assertThrows(() => failures.begin("another", HERE), RegistryError, "Too many logins");
  for (const attempt of attempts) attempt.succeed();
  fail("x", HERE);
  fail("y", HERE);
  fail("z", HERE);
  clock.now += 1000;
  failures.begin("one", HERE);
  assertThrows(() => failures.begin("two", HERE), RegistryError, "Too many logins");
});

Deno.test("FailedLogins makes nobody wait when it is told to set no bound", () => {
  const { waitOf, fail } = make(0);
  fail("a", HERE, 100);
  assertEquals(waitOf("a", HERE), 0);
});

Deno.test("FailedLogins forgets a quarter of an hour after the last failure", () => {
  const { clock, fail, waitOf } = make();
  fail("a", HERE);
  fail("b", HERE);
  clock.now += 14 * 60_000;
  fail("c", HERE);
  assertEquals(waitOf("d", HERE), 1);
  clock.now += 14 * 60_000;
  assertEquals(waitOf("d", HERE), 0);
  clock.now += 60_001;
  fail("d", HERE, 2);
  assertEquals(waitOf("e", HERE), 0);
});

Deno.test("FailedLogins takes all addresses of a network for one", () => {
  const { fail, waitOf } = make();
  for (let i = 0; i < 3; i++) fail(`user${i}`, `2001:db8::${i}`);
  assertEquals(waitOf("user9", "2001:db8::beef"), 1);
  assertEquals(waitOf("user9", "2001:db8:0:1::1"), 0);
});
