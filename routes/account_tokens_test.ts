import { assert, assertEquals, assertMatch } from "@std/assert";
import { fakeApp } from "../tests/harness/app.ts";
import {
  ADMINISTRATOR,
  created,
  DAY,
  errorOf,
  listed,
  make,
  NO_SUCH,
  PATH,
} from "./testing/account_tokens.ts";

Deno.test("createAccountToken() makes a robot for an administrator, and tells its secret", async () => {
  const world = make();
  const response = await world.as(ADMINISTRATOR).create({
    robot: "ci",
    description: "Builds",
    grants: ["pull,push:team/**", "pull:public"],
    expiresAt: "2030-01-31T12:00:00Z",
  });
  const { id, secret, ...rest } = await response.json();
  assertEquals(response.status, 201);
  assertEquals(response.headers.get("Location"), `${PATH}/${id}`);
  assertEquals(response.headers.get("Cache-Control"), "no-store");
  assertEquals(response.headers.get("Pragma"), "no-cache");
  assertEquals(rest, {
    kind: "robot",
    name: "ci",
    description: "Builds",
    grants: ["pull,push:team/**", "pull:public"],
    createdAt: "2023-11-14T22:13:20.000Z",
    createdBy: ADMINISTRATOR,
    expiresAt: "2030-01-31T12:00:00.000Z",
  });
  assertMatch(secret, new RegExp(`^skr_${id}_`));
  const principal = await world.accountTokens.verify("ci", secret);
  assertEquals(principal?.bounds, [
    { repositories: "team/**", actions: ["pull", "push"] },
    { repositories: "public", actions: ["pull"] },
  ]);
});

Deno.test("createAccountToken() makes users theirs, which are never as good as the password", async () => {
  const world = make();
  for (const body of ["", {}, { user: "alice" }]) {
    const { secret, name, kind, createdBy, grants } = await created(world, "user:alice", body);
    assertEquals([kind, name, createdBy], ["user", "alice", "user:alice"]);
    assertEquals(grants as unknown, ["pull,push,overwrite,delete,administer:**"]);
    assertEquals((await world.accountTokens.verify("alice", secret!))?.name, "user:alice");
  }
});

Deno.test("createAccountToken() makes an administrator theirs, robots', and those of others", async () => {
  const world = make();
  const made = async (who: string, body: unknown) => {
    const { kind, name, createdBy } = await created(world, who, body);
    return [kind, name, createdBy];
  };
  assertEquals(await made(ADMINISTRATOR, {}), ["user", "root", ADMINISTRATOR]);
  assertEquals(await made(ADMINISTRATOR, { user: "alice" }), ["user", "alice", ADMINISTRATOR]);
  assertEquals(await made("robot:root", { robot: "ci" }), ["robot", "ci", "robot:root"]);
  const [status, code] = await errorOf(await world.as("robot:root").create({}));
  assertEquals([status, code], [403, "DENIED"], "a robot has none of its own");
});

Deno.test("createAccountToken() denies tokens to other kinds of accounts and for other accounts", async () => {
  const world = make();
  for (
    const [who, body] of [
      ["user:alice", { robot: "ci" }],
      ["user:alice", { robot: "alice" }],
      ["user:alice", { user: "bob" }],
      ["user:alice", { user: "root" }],
      ["user:alice", { user: "Alice" }],
      ["user:alice", { user: "user:alice" }],
      ["user:alice", { user: "" }],
      ["robot:ci", {}],
      ["robot:ci", { robot: "ci" }],
      ["robot:alice", { user: "alice" }],
      ["workload:github:x", {}],
      ["workload:github:x", { user: "x" }],
      ["certificate:CN=build", {}],
      ["external:alice", { user: "alice" }],
      ["anonymous", {}],
      ["anonymous", { user: "anonymous" }],
    ] as const
  ) {
    const [status, code] = await errorOf(await world.as(who).create(body));
    assertEquals([status, code], [403, "DENIED"], `${who} ${JSON.stringify(body)}`);
  }
  assertEquals(await listed(world, ADMINISTRATOR), []);
  assertEquals(world.events, []);
});

Deno.test("createAccountToken() refuses a body that it does not understand, and makes nothing", async () => {
  const world = make();
  const time = 'must have a time such as "2030-01-31T12:00:00Z" as "expiresAt"';
  const grants = 'must have a list of grants such as "pull,push:team/**" as "grants"';
  for (
    const [body, problem] of [
      ["{", "must be JSON"],
      ["\u0000", "must be JSON"],
      [new Uint8Array([0x22, 0xff, 0x22]), "must be JSON"],
      ["null", "must be an object"],
      ["[]", "must be an object"],
      ['"alice"', "must be an object"],
      ["7", "must be an object"],
      [{ robot: "ci", expires: "2030-01-31T12:00:00Z" }, 'has an unknown member "expires"'],
      [{ robot: "ci", ExpiresAt: "2030-01-31T12:00:00Z" }, 'has an unknown member "ExpiresAt"'],
      ['{"robot":"ci","__proto__":{}}', 'has an unknown member "__proto__"'],
      [{ robot: "ci", "": 1 }, 'has an unknown member ""'],
      [{ robot: "ci", user: "alice" }, "must name a robot account or a user, not both"],
      [{ robot: "ci", user: null }, "must name a robot account or a user, not both"],
      [{ robot: 7 }, 'must have text as "robot"'],
      [{ robot: null }, 'must have text as "robot"'],
      [{ user: ["alice"] }, 'must have text as "user"'],
      [{ robot: "ci", description: 7 }, 'must have text as "description"'],
      [{ robot: "ci", expiresAt: 1_900_000_000_000 }, 'must have text as "expiresAt"'],
      [{ robot: "ci", expiresAt: null }, 'must have text as "expiresAt"'],
      [{ robot: "ci", expiresAt: "" }, time],
      [{ robot: "ci", expiresAt: "tomorrow" }, time],
      [{ robot: "ci", expiresAt: "2030-01-31" }, time],
      [{ robot: "ci", expiresAt: "2030-01-31T12:00:00" }, time],
      [{ robot: "ci", expiresAt: "2030-13-01T12:00:00Z" }, time],
      [{ robot: "ci", expiresAt: "2030-02-31T12:00:00Z" }, time],
      [{ robot: "ci", expiresAt: "2030-01-31T25:00:00Z" }, time],
      [{ robot: "ci", expiresAt: "2030-01-31T12:00:00Z\n" }, time],
      [{ robot: "ci", expiresAt: "1900000000000" }, time],
      [{ robot: "ci", grants: "pull:**" }, grants],
      [{ robot: "ci", grants: null }, grants],
      [{ robot: "ci", grants: {} }, grants],
      [{ robot: "ci", grants: [] }, grants],
      [{ robot: "ci", grants: ["pull:**", "everything"] }, grants],
      [{ robot: "ci", grants: ["pull:**", 7] }, grants],
      [{ robot: "ci", grants: ["read:**"] }, grants],
      [{ robot: "ci", grants: ["pull:"] }, grants],
      [{ robot: "ci", grants: ["pull:a/***"] }, grants],
      [{ robot: "ci", grants: [{ repositories: "**", actions: ["pull"] }] }, grants],
    ] as const
  ) {
    const response = await world.as(ADMINISTRATOR).create(body);
    assertEquals(await errorOf(response), [400, "UNSUPPORTED", `Body ${problem}`], JSON.stringify(body));
  }
  assertEquals(await listed(world, ADMINISTRATOR), []);
  assertEquals(world.events, []);
});

Deno.test("createAccountToken() says why there can be none such as is asked for", async () => {
  const world = make();
  for (
    const [body, message] of [
      [{ robot: "" }, "Expected the name of a robot account"],
      [{ robot: "a b" }, "Expected the name of a robot account"],
      [{ user: "a:b" }, "Expected the name of a user"],
      [
        { robot: "ci", description: "x".repeat(257) },
        "Expected a description of at most 256 characters on one line",
      ],
      [{ robot: "ci", description: "a\nb" }, "Expected a description of at most 256 characters on one line"],
      [{ robot: "ci", expiresAt: "2023-11-14T22:13:20Z" }, "Expected an expiry in the future"],
      [{ robot: "ci", expiresAt: "1999-01-01T00:00:00Z" }, "Expected an expiry in the future"],
      [
        { robot: "ci", grants: Array.from({ length: 33 }, () => "pull:a") },
        "Expected grants, each with actions and a pattern of repositories",
      ],
    ] as const
  ) {
    const response = await world.as(ADMINISTRATOR).create(body);
    assertEquals(await errorOf(response), [400, "UNSUPPORTED", message], JSON.stringify(body));
  }
  for (let i = 0; i < 100; i++) await created(world, "user:alice", {});
  assertEquals(await errorOf(await world.as("user:alice").create({})), [
    400,
    "UNSUPPORTED",
    'Cannot create more than 100 tokens for "alice"',
  ]);
  await created(world, "user:bob", {});
});

Deno.test("createAccountToken() reads a time in every zone, to the millisecond", async () => {
  const world = make();
  for (
    const [text, time] of [
      ["2030-01-31T12:00:00+02:00", "2030-01-31T10:00:00.000Z"],
      ["2030-01-31T12:00:00.5Z", "2030-01-31T12:00:00.500Z"],
      ["2030-01-31T12:00:00.123456-01:30", "2030-01-31T13:30:00.123Z"],
      ["2028-02-29T00:00:00Z", "2028-02-29T00:00:00.000Z"],
    ] as const
  ) {
    assertEquals((await created(world, ADMINISTRATOR, { robot: "ci", expiresAt: text })).expiresAt, time);
  }
});

Deno.test("createAccountToken() refuses a body that is too large", async () => {
  const world = make();
  const response = await world.as(ADMINISTRATOR).create(`{}${" ".repeat(64 * 1024 - 1)}`);
  assertEquals((await errorOf(response)).slice(0, 2), [413, "SIZE_INVALID"]);
  await created(world, ADMINISTRATOR, `{}${" ".repeat(64 * 1024 - 2)}`);
});

Deno.test("createAccountToken() tells the secret there and nowhere else", async () => {
  const world = make();
  const { secret, id } = await created(world, "user:alice", { description: "Laptop" });
  const texts = [
    await (await world.as("user:alice").list()).text(),
    await (await world.as(ADMINISTRATOR).list()).text(),
    JSON.stringify([world.events, world.entries]),
  ];
  const own = secret!.slice(`skr_${id}_`.length);
  for (const text of texts) {
    for (let i = 0; i + 8 <= own.length; i++) assert(!text.includes(own.slice(i, i + 8)), text);
  }
});

Deno.test("listAccountTokens() lists theirs to users, and all to administrators", async () => {
  const world = make();
  const alices = [await created(world, "user:alice", {}), await created(world, "user:alice", {})];
  const bobs = await created(world, "user:bob", {});
  const robots = await created(world, ADMINISTRATOR, { robot: "alice" });
  const ids = (...made: Record<string, string>[]) => made.map(({ id }) => id).sort();
  assertEquals(await listed(world, "user:alice"), ids(...alices));
  assertEquals(await listed(world, "user:bob"), ids(bobs));
  assertEquals(await listed(world, "user:carol"), []);
  assertEquals(await listed(world, ADMINISTRATOR), ids(...alices, bobs, robots));
  assertEquals(await listed(world, "robot:root"), ids(...alices, bobs, robots));
  for (const who of ["robot:alice", "workload:github:x", "certificate:alice", "anonymous"]) {
    const [status, code] = await errorOf(await world.as(who).list());
    assertEquals([status, code], [403, "DENIED"], who);
  }
});

Deno.test("listAccountTokens() tells when each ends, and when it was last used", async () => {
  const world = make();
  const { secret, id } = await created(world, "user:alice", {
    description: "Laptop",
    grants: ["pull:team/**"],
    expiresAt: "2030-01-31T12:00:00Z",
  });
  world.clock.now += DAY;
  await world.accountTokens.verify("alice", secret!);
  const response = await world.as("user:alice").list();
  assertEquals([response.status, response.headers.get("Content-Type")], [200, "application/json"]);
  assertEquals(response.headers.get("Link"), null);
  assertEquals(await response.json(), {
    tokens: [{
      id,
      kind: "user",
      name: "alice",
      description: "Laptop",
      grants: ["pull:team/**"],
      createdAt: "2023-11-14T22:13:20.000Z",
      createdBy: "user:alice",
      expiresAt: "2030-01-31T12:00:00.000Z",
      usedAt: "2023-11-15T22:13:20.000Z",
    }],
  });
});

Deno.test("listAccountTokens() has every one on one page, in order, for users and administrators", async () => {
  const world = make();
  for (let i = 0; i < 7; i++) {
    await created(world, "user:alice", {});
    await created(world, "user:bob", {});
  }
  for (const [who, count] of [["user:alice", 7], [ADMINISTRATOR, 14]] as const) {
    const all = await listed(world, who);
    assertEquals([all.length, new Set(all).size], [count, count]);
    for (const n of [1, 3, 7, 20]) {
      const pages: string[][] = [];
      for (let path: string | undefined = `${PATH}?n=${n}`; path !== undefined;) {
        const response: Response = await world.request(path, { headers: { "X-Who": who } });
        const { tokens } = await response.json();
        pages.push(tokens.map(({ id }: { id: string }) => id));
        path = /^<(\/v2\/_skerry\/tokens\?n=\d+&last=[^>&]+)>; rel="next"$/
          .exec(response.headers.get("Link") ?? "")?.[1];
      }
      assertEquals(pages.flat(), all);
      assertEquals(pages.length, Math.ceil(count / n), `${n}`);
    }
  }
  assertEquals(await listed(world, ADMINISTRATOR, "?n=0"), []);
  assertEquals((await world.as(ADMINISTRATOR).list("?n=x")).status, 400);
  assertEquals((await world.as(ADMINISTRATOR).list("?n=1&n=2")).status, 400);
  assertEquals(await listed(world, "user:alice", "?last=zzzzzzzzzzzzzzzzz"), []);
});

Deno.test("listAccountTokens() lists no tokens of other owners, with any `last`", async () => {
  const world = make();
  const { id } = await created(world, "user:bob", {});
  const mine = await created(world, "user:alice", {});
  for (const last of ["", "0", id, `../${id}`, "user:bob", "%00"]) {
    const ids = await listed(world, "user:alice", `?last=${last}`);
    assert(ids.every((found) => found === mine.id), last);
  }
});

Deno.test("revokeAccountToken() ends a credential at once, for its owner and for administrators", async () => {
  const world = make();
  for (const who of ["user:alice", ADMINISTRATOR, "robot:root"]) {
    const { id, secret } = await created(world, "user:alice", {});
    assert(await world.accountTokens.verify("alice", secret!) !== undefined);
    const response = await world.as(who).revoke(id!);
    assertEquals([response.status, await response.text()], [204, ""]);
    assertEquals(await world.accountTokens.verify("alice", secret!), undefined);
    assertEquals(await listed(world, "user:alice"), []);
    assertEquals(await errorOf(await world.as(who).revoke(id!)), NO_SUCH);
  }
});

Deno.test("revokeAccountToken() answers the same for a token of another account and for an unknown one", async () => {
  const world = make();
  const { id: alices } = await created(world, "user:alice", {});
  const { id: robots } = await created(world, ADMINISTRATOR, { robot: "bob" });
  for (const id of [alices!, robots!, "0".repeat(16)]) {
    for (
      const who of ["user:bob", "robot:bob", "robot:alice", "workload:github:alice", "anonymous", "alice"]
    ) {
      assertEquals(await errorOf(await world.as(who).revoke(id)), NO_SUCH, `${who} ${id}`);
    }
  }
  assertEquals((await listed(world, ADMINISTRATOR)).length, 2);
  assertEquals(await errorOf(await world.as(ADMINISTRATOR).revoke("0".repeat(16))), NO_SUCH);
});

Deno.test("revokeAccountToken() takes no other path than that of an id", async () => {
  const world = make();
  const { id } = await created(world, "user:alice", {});
  for (const other of ["", "x", `${id}x`, `${id}/`, `${id}%20`, `..%2f${id}`, id!.slice(1)]) {
    assert([404, 405].includes((await world.as("user:alice").revoke(other)).status), other);
  }
  for (const method of ["GET", "PUT", "POST", "PATCH"]) {
    const response = await world.request(`${PATH}/${id}`, { method, headers: { "X-Who": "user:alice" } });
    assertEquals([response.status, response.headers.get("Allow")], [405, "DELETE"]);
  }
  assertEquals((await listed(world, "user:alice")).length, 1);
});

Deno.test("createAccountToken() and revokeAccountToken() send actor and token to the audit, and nothing else", async () => {
  const world = make();
  const { id } = await created(world, "user:alice", {});
  await world.as("user:bob").revoke(id!);
  await world.as("user:bob").create({ user: "alice" });
  await world.as(ADMINISTRATOR).create({ robot: "" });
  await world.as("user:alice").list();
  await world.as(ADMINISTRATOR).revoke(id!);
  await world.as(ADMINISTRATOR).revoke(id!);
  assertEquals(world.events.map(({ request: _, ...event }) => event), [
    { who: "user:alice", action: "credential.create", credential: id! },
    { who: ADMINISTRATOR, action: "credential.revoke", credential: id! },
  ]);
  assert(world.events.every(({ request }) => typeof request === "string"));
});

Deno.test("listAccountTokens(), createAccountToken() and revokeAccountToken() answer 404 without authentication", async () => {
  const { request } = fakeApp({});
  for (
    const [method, path] of [["GET", PATH], ["POST", PATH], ["DELETE", `${PATH}/${"0".repeat(16)}`]] as const
  ) {
    assertEquals(await errorOf(await request(path, { method })), [404, "UNSUPPORTED", "No such path"]);
  }
});
