import { assert, assertEquals, assertRejects } from "@std/assert";
import { bcrypt } from "hash-wasm";
import { RegistryError } from "../../oci/mod.ts";
import { BcryptQueue, type Engine, inThisThread, isBcryptHash, isPassword, startEngine } from "./bcrypt.ts";

/** Of jBCrypt's own tests: the hash of "abc". */
const ABC = "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i";

const TEN = `$2b$10$${".".repeat(53)}`;

function hashOf(password: string, costFactor = 4): Promise<string> {
  return bcrypt({ password, costFactor, salt: crypto.getRandomValues(new Uint8Array(16)) });
}

/** An engine that answers when it is told to. */
class Slow implements Engine {
  readonly asked: { password: string; answer: (matches: boolean) => void; fail: (error: Error) => void }[] =
    [];
  ended = 0;

  check({ password }: { password: string }): Promise<boolean> {
    return new Promise((answer, fail) => this.asked.push({ password, answer, fail }));
  }

  end(): void {
    this.ended++;
  }
}

const settle = () => new Promise((resolve) => setTimeout(resolve));

function statusOf(error: unknown): number | undefined {
  return error instanceof RegistryError ? error.status : undefined;
}

Deno.test("isBcryptHash() takes the three sound versions and a cost that can be borne", () => {
  for (const version of ["2a", "2b", "2y"]) {
    assert(isBcryptHash(`$${version}$04$${"a".repeat(53)}`), version);
    assert(isBcryptHash(`$${version}$14$${"a".repeat(53)}`), version);
  }
  const rest = "a".repeat(53);
  const wrong = [
    "",
    "abc",
    `$2$10$${rest}`,
    `$2x$10$${rest}`,
    `$2b$03$${rest}`,
    `$2b$15$${rest}`,
    `$2b$99$${rest}`,
  ];
  for (
    const hash of [
      ...wrong,
      `$2b$10$${rest}a`,
      `$2b$10$${rest.slice(1)}`,
      `$2b$10$${rest.slice(1)}:`,
      "{SHA}x",
    ]
  ) {
    assert(!isBcryptHash(hash), hash);
  }
});

Deno.test("isPassword() takes at most the 72 bytes that bcrypt looks at", () => {
  for (const password of ["a", "a".repeat(72), "ä".repeat(36)]) assert(isPassword(password), password);
  for (const password of ["", "a".repeat(73), "ä".repeat(37), "a\0b", "a\nb"]) {
    assert(!isPassword(password), password);
  }
});

Deno.test("BcryptQueue.check() accepts hashes of other programs, in a thread and without one", async () => {
  for (const start of [startEngine, inThisThread]) {
    const queue = new BcryptQueue({ start });
    for (const version of ["2a", "2b", "2y"]) {
      const hash = ABC.replace("2a", version);
      assertEquals(await queue.check({ password: "abc", hash }), true);
      assertEquals(await queue.check({ password: "abd", hash }), false);
    }
    queue.close();
  }
});

Deno.test("BcryptQueue.check() does not block the event loop", async () => {
  const hash = await hashOf("secret", 10);
  const ticksDuring = async (start: () => Engine) => {
    const queue = new BcryptQueue({ start });
    await queue.check({ password: "warm", hash: ABC });
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await Promise.all([1, 2, 3].map(() => queue.check({ password: "secret", hash })));
    clearInterval(timer);
    queue.close();
    return ticks;
  };
  const [inIts, inOurs] = [await ticksDuring(startEngine), await ticksDuring(inThisThread)];
  assert(inIts > 3 * inOurs, `${inIts} ticks beside a thread, ${inOurs} without`);
});

Deno.test("BcryptQueue.check() compares one at a time, in order, and rejects beyond the limit of the queue", async () => {
  const engine = new Slow();
  const queue = new BcryptQueue({ start: () => engine });
  const hash = `$2b$14$${".".repeat(53)}`;
  const checks = Array.from({ length: 8 }, (_, index) => queue.check({ password: String(index), hash }));
  const error = await assertRejects(() => queue.check({ password: "late", hash }), RegistryError, "Too many");
  assertEquals([error.status, error.headers], [429, { "Retry-After": "5" }]);
  for (let index = 0; index < checks.length; index++) {
    await settle();
    assertEquals(engine.asked.map(({ password }) => password), [String(index)]);
    engine.asked.pop()!.answer(index % 2 === 0);
    assertEquals(await checks[index], index % 2 === 0);
  }
  const after = queue.check({ password: "after", hash });
  engine.asked.pop()!.answer(true);
  assertEquals(await after, true);
  queue.close();
});

Deno.test("BcryptQueue.check() takes turns between networks that have logged in and all others", async () => {
  const engine = new Slow();
  const queue = new BcryptQueue({ start: () => engine });
  const checks = Array.from({ length: 128 }, (_, i) => queue.check({ password: `stranger ${i}`, hash: TEN }));
  await assertRejects(() => queue.check({ password: "stranger", hash: TEN }), RegistryError, "Too many");
  for (const password of ["known 0", "known 1"]) {
    checks.push(queue.check({ password, hash: TEN }, { isKnownNetwork: true }));
  }
  const order: string[] = [];
  for (let i = 0; i < checks.length; i++) {
    await settle();
    const { password, answer } = engine.asked.pop()!;
    order.push(password);
    answer(true);
  }
  await Promise.all(checks);
  assertEquals(order.slice(0, 5), ["stranger 0", "known 0", "stranger 1", "known 1", "stranger 2"]);
  queue.close();
});

Deno.test("BcryptQueue.check() continues with another engine after a crash", async () => {
  const engines: Slow[] = [];
  const start = () => engines[engines.push(new Slow()) - 1]!;
  const queue = new BcryptQueue({ start });
  const checks = ["first", "second"].map((password) => queue.check({ password, hash: ABC }));
  engines[0]!.asked[0]!.fail(new Error("Died over the password"));
  const error = await assertRejects(() => checks[0]!, RegistryError, "Cannot verify the password");
  assertEquals([error.status, engines[0]!.ended], [503, 1]);
  assert(!JSON.stringify(error).includes("Died"));
  await settle();
  engines[1]!.asked[0]!.answer(true);
  assertEquals(await checks[1], true);
  queue.close();
});

Deno.test("BcryptQueue.check() replaces a thread that fails", async () => {
  const queue = new BcryptQueue();
  // The cost is right and the thread's library knows no such version.
  const broken = { password: "abc", hash: ABC.replace("2a", "2q") };
  assertEquals(statusOf(await queue.check(broken).catch((error) => error)), 503);
  assertEquals(await queue.check({ password: "abc", hash: ABC }), true);
  queue.close();
});

Deno.test("BcryptQueue ends its thread after a time without logins, and starts another one", async () => {
  const engines: Slow[] = [];
  const start = () => engines[engines.push(new Slow()) - 1]!;
  const queue = new BcryptQueue({ start, idle: 5 });
  for (const round of [1, 2]) {
    const check = queue.check({ password: "abc", hash: ABC });
    engines.at(-1)!.asked[0]!.answer(true);
    assertEquals(await check, true);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assertEquals(engines.map(({ ended }) => ended), Array(round).fill(1));
  }
});

Deno.test("BcryptQueue.close() rejects every waiting check with a request to retry", async () => {
  const queue = new BcryptQueue();
  const checks = Array.from({ length: 3 }, () => queue.check({ password: "abc", hash: ABC }));
  queue.close();
  const results = await Promise.allSettled(checks);
  assertEquals(results.map((result) => result.status === "rejected" && statusOf(result.reason)), [
    503,
    503,
    503,
  ]);
  assertEquals(await queue.check({ password: "abc", hash: ABC }), true);
  queue.close();
});
