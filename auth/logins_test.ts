import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../oci/errors.ts";
import { FailedLogins } from "./failed_logins.ts";
import { Logins } from "./logins.ts";
import type { PasswordSource } from "./password_source.ts";

/** Where alice has the password "right", and the other source is out of order. */
function make() {
  const asked: string[] = [];
  const failed: unknown[] = [];
  const clock = { now: 1_000_000 };
  const now = () => clock.now;
  const users: PasswordSource = {
    verify(username, password) {
      asked.push(username);
      const known = username === "alice" && password === "right";
      return Promise.resolve(known ? { kind: "user", name: "user:alice" } : undefined);
    },
  };
  const broken: PasswordSource = { verify: () => Promise.reject(new Error("Out of order")) };
  const logins = new Logins({
    sourceOf: (password) => password === "nobody's" ? undefined : password === "broken" ? broken : users,
    failures: new FailedLogins({ free: 3, now }),
    failed: (address) => failed.push(address),
    now,
  });
  return { asked, failed, logins, clock };
}

Deno.test("login() answers the same whether the name, the password or its form is unknown", async () => {
  for (
    const [username, password] of [["alice", "wrong"], ["bob", "right"], ["alice", "nobody's"], ["alice", ""]]
  ) {
    const { failed, logins } = make();
    const error = await assertRejects(() => logins.login(username!, password!, "192.0.2.1"), RegistryError);
    assertEquals([error.status, error.code, error.message], [
      401,
      "UNAUTHORIZED",
      "Name or password is wrong",
    ]);
    assertEquals(failed, ["192.0.2.1"]);
  }
});

Deno.test("login() looks at no password while it makes the address wait", async () => {
  const { asked, logins } = make();
  const login = (name: string) => logins.login(name, "wrong", "192.0.2.1");
  for (const name of ["a", "b", "c"]) await assertRejects(() => login(name), RegistryError, "wrong");
  const refused = await assertRejects(() => login("d"), RegistryError);
  assertEquals(refused.status, 429);
  assertEquals(asked, ["a", "b", "c"]);
  assertEquals((await logins.login("alice", "right", "198.51.100.1")).name, "user:alice");
});

Deno.test("login() takes the same wrong password again within three seconds for one failure", async () => {
  const { asked, failed, logins, clock } = make();
  const login = (password = "wrong") => logins.login("alice", password, "192.0.2.1");
  const burst = Array.from({ length: 20 }, () => assertRejects(() => login(), RegistryError, "is wrong"));
  await Promise.all(burst);
  const looks = asked.length;
  clock.now += 2999;
  for (let i = 0; i < 20; i++) await assertRejects(() => login(), RegistryError, "is wrong");
  assertEquals([failed.length, asked.length], [1, looks]);
  assertEquals((await login("right")).name, "user:alice");
  clock.now += 2;
  await assertRejects(() => logins.login("alice", "wrong", "198.51.100.1"), RegistryError, "is wrong");
  assertEquals(failed.length, 2);
});

Deno.test("login() counts no failure where nobody could tell", async () => {
  const { failed, logins } = make();
  for (let i = 0; i < 9; i++) {
    await assertRejects(() => logins.login("alice", "broken", undefined), Error, "Out of");
  }
  assertEquals(failed, []);
  assertEquals((await logins.login("alice", "right", undefined)).name, "user:alice");
});

Deno.test("login() refuses a name that is too long before anybody looks for it", async () => {
  const { asked, logins } = make();
  await assertRejects(() => logins.login("a".repeat(257), "right", undefined), RegistryError, "wrong");
  assertEquals(asked, []);
});
