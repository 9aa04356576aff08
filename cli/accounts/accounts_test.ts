import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { readAccess } from "../../config/testing/access_config.ts";
import { AccountTokens, BcryptQueue, RefreshTokens } from "../../auth/mod.ts";
import { ACCOUNT_TOKENS } from "../../auth/items.ts";
import { type Config, StartError } from "../../config/mod.ts";
import { usersOf } from "../../tests/harness/secured.ts";
import { MisuseError } from "../command.ts";
import { htpasswd } from "./htpasswd.ts";
import { listKeys, rotate } from "./keys.ts";
import { listRefreshTokensCommand, revokeRefreshTokensCommand } from "./logins.ts";
import { policyTest } from "./policy.ts";
import { folderConfig, printed, withFolder, withStorage } from "../testing/mod.ts";
import { createToken, keepTokens, listTokens, revokeToken, type TokenWish } from "./tokens.ts";

/** The settings of a folder where alice is a user, and what else is written. */
async function configured(data: string, auth: Record<string, unknown> = {}): Promise<Config> {
  const users = await usersOf("alice");
  const read = await readAccess({ url: "https://registry.test", users, ...auth });
  if (read.data === undefined) throw new TypeError(JSON.stringify(read.issues));
  await withStorage(folderConfig(data), () => Promise.resolve()); // as a first start does
  return { ...folderConfig(data), auth: read.data };
}

const hasEnded = () => Promise.resolve(false);

const NOTHING: TokenWish = {
  robot: undefined,
  user: undefined,
  grants: [],
  expires: undefined,
  description: undefined,
};

Deno.test("createToken() prints a token that logs in, listTokens() lists it without its text, revokeToken() revokes it", async () => {
  await withFolder(async (folder) => {
    const config = await configured(folder);
    const wish = {
      ...NOTHING,
      robot: "ci",
      grants: ["pull,push:team/**"],
      expires: "90d",
      description: "Builds",
    };
    const made = await printed((print) => createToken(config, print, wish));
    const [token = ""] = made.lines;
    assertMatch(token, /^skr_\w+$/);
    const all = { robot: undefined, user: undefined };
    const listed = await printed((print) => listTokens(config, print, { ...all, json: true }));
    const { id, createdAt, expiresAt, ...rest } = JSON.parse(listed.lines[0]!);
    assertEquals(rest, {
      kind: "robot",
      name: "ci",
      description: "Builds",
      createdBy: "operator",
      bounds: [{ repositories: "team/**", actions: ["pull", "push"] }],
    });
    assert(Math.abs(expiresAt - createdAt - 90 * 86_400_000) < 60_000);
    const text = await printed((print) => listTokens(config, print, { ...all, json: false }));
    assertMatch(
      text.lines[0]!,
      /^\w{16} {2}robot:ci {2}pull,push:team\/\*\* {2}created .* never used {2}Builds$/,
    );
    assert(![...listed.lines, ...text.lines].join().includes(token.slice(22)));

    const verify = () =>
      withStorage(
        config,
        ({ table }) =>
          new AccountTokens({ table, findUser: () => ({ credential: "hash" }) }).verify("ci", token),
      );
    assertEquals((await verify())?.name, "robot:ci");
    const revoked = await printed((print) => revokeToken(config, print, id));
    assertEquals(revoked, { code: 0, lines: [`Revoked token ${id} of robot ci`] });
    assertEquals(await verify(), undefined);
    await assertRejects(() => revokeToken(config, () => {}, id), StartError, "No such token");
  });
});

Deno.test("createToken() refuses a missing or unknown owner, and invalid options", async () => {
  await withFolder(async (folder) => {
    const config = await configured(folder);
    const create = (wish: Partial<TokenWish>) => createToken(config, () => {}, { ...NOTHING, ...wish });
    await assertRejects(() => create({}), MisuseError, "Missing --robot NAME or --user NAME");
    await assertRejects(() => create({ robot: "ci", user: "alice" }), MisuseError, "got both");
    await assertRejects(() => create({ robot: "ci", expires: "soon" }), MisuseError, 'got "soon"');
    await assertRejects(() => create({ robot: "ci", grants: ["all:*"] }), MisuseError, 'got "all:*"');
    await assertRejects(() => create({ user: "bob" }), StartError, "No such user");
    await assertRejects(() => create({ robot: "Not a robot" }), StartError, "name of a robot account");
    assertEquals(
      (await printed((print) => createToken(config, print, { ...NOTHING, user: "alice" }))).code,
      0,
    );
    const open = folderConfig(folder);
    await assertRejects(
      () => createToken(open, () => {}, { ...NOTHING, robot: "ci" }),
      StartError,
      "SKERRY_AUTH",
    );
  });
});

Deno.test("listTokens() prints every page, or only the tokens of one owner", async () => {
  await withFolder(async (folder) => {
    const config = await configured(folder);
    await withStorage(config, async ({ table }) => {
      const accountTokens = new AccountTokens({ table, findUser: () => ({ credential: "hash" }) });
      for (let i = 0; i < 60; i++) {
        for (const name of ["one", "two"]) {
          await accountTokens.create({ kind: "robot", name, createdBy: "test" });
        }
      }
    });
    const count = async (robot?: string) => {
      const wish = { robot, user: undefined, json: false };
      return (await printed((print) => listTokens(config, print, wish))).lines.length;
    };
    assertEquals([await count(), await count("one"), await count("three")], [120, 60, 0]);
  });
});

Deno.test("keepTokens() keeps the tokens of a user who has another password, which listTokens() shows as suspended", async () => {
  await withFolder(async (folder) => {
    const before = await configured(folder);
    await printed((print) => createToken(before, print, { ...NOTHING, user: "alice" }));
    const after = await configured(folder); // another hash
    const list = async () => {
      const all = { robot: undefined, user: undefined, json: false };
      return (await printed((print) => listTokens(after, print, all))).lines;
    };
    assertMatch((await list())[0]!, / {2}suspended: the user's password has changed$/);
    const { lines } = await printed((print) => keepTokens(after, print, "alice"));
    assertEquals(lines, ["Kept 1 token of user alice"]);
    assert(!(await list())[0]!.includes("suspended"));
    await assertRejects(() => keepTokens(after, () => {}, "bob"), StartError, "No such user");
    await assertRejects(() => keepTokens(after, () => {}, undefined), MisuseError, "Missing --user");
  });
});

Deno.test("listTokens() names the remedy for a token that an earlier release made without an account", async () => {
  await withFolder(async (folder) => {
    const config = await configured(folder);
    await printed((print) => createToken(config, print, { ...NOTHING, user: "alice" }));
    await printed((print) => createToken(config, print, { ...NOTHING, robot: "ci" }));
    await withStorage(config, async ({ table }) => {
      for (const { version, ...item } of await table.query(ACCOUNT_TOKENS, { limit: 2 })) {
        const { account: _, ...attributes } = item.attributes;
        await table.put({ ...item, attributes }, { ifVersion: version });
      }
    });
    const list = async () => {
      const all = { robot: undefined, user: undefined, json: false };
      return (await printed((print) => listTokens(config, print, all))).lines.filter((line) =>
        line.includes("suspended")
      );
    };
    assertMatch(
      (await list()).join("\n"),
      /^.* {2}suspended: made by an earlier release: run skerry token keep --user alice$/,
    );
    await printed((print) => keepTokens(config, print, "alice"));
    assertEquals(await list(), []);
  });
});

Deno.test("createToken() makes no endless token where the configuration bounds their lifetime", async () => {
  await withFolder(async (folder) => {
    const config = await configured(folder, { credentialLifetime: "30d" });
    const wish = { ...NOTHING, robot: "ci" };
    await assertRejects(() => createToken(config, () => {}, wish), StartError, "within 720 hours");
    assertEquals((await printed((print) => createToken(config, print, { ...wish, expires: "30d" }))).code, 0);
  });
});

Deno.test("listRefreshTokensCommand() lets the name of a client neither control the terminal nor look like another column", async () => {
  await withFolder(async (folder) => {
    const config = await configured(folder);
    await withStorage(config, async ({ table }) => {
      const options = { service: "registry.test", lifetime: 60_000, now: Date.now };
      const tokens = new RefreshTokens({
        ...options,
        table,
        findPrincipal: (who) => Promise.resolve(who),
        hasEnded,
      });
      const who = { kind: "user", name: "user:alice", credential: "x" } as const;
      await tokens.issue(who, "docker\x1b[2J\x9b1A  ends never\n3f9a0c1d2b4e");
    });
    const { lines } = await printed((print) =>
      listRefreshTokensCommand(config, print, "user:alice", { json: false })
    );
    assertEquals(lines.length, 1);
    assertMatch(lines[0]!, /^[\x20-\x7e]+$/);
    assertMatch(lines[0]!, / {2}"docker\\u001b\[2J\\u009b1A {2}ends never\\n3f9a0c1d2b4e"$/);
  });
});

Deno.test("listRefreshTokensCommand() shows the logins of an account, and revokeRefreshTokensCommand() revokes them", async () => {
  await withFolder(async (folder) => {
    const config = await configured(folder);
    const who = { kind: "user", name: "user:alice", credential: "x" } as const;
    const tokens = await withStorage(config, async ({ table }) => {
      const refreshTokens = new RefreshTokens({
        table,
        service: "registry.test",
        lifetime: 60_000,
        findPrincipal: (principal) => Promise.resolve(principal),
        hasEnded,
        now: Date.now,
      });
      return [await refreshTokens.issue(who, "docker"), await refreshTokens.issue(who, "podman")];
    });
    const list = () =>
      printed((print) => listRefreshTokensCommand(config, print, "user:alice", { json: true }));
    const logins = (await list()).lines.map((line) => JSON.parse(line));
    assertEquals(logins.map(({ client }) => client).toSorted(), ["docker", "podman"]);
    assert(tokens.every((token) => !JSON.stringify(logins).includes(token!.slice(17))));
    const revoke = (id?: string) =>
      printed((print) => revokeRefreshTokensCommand(config, print, "user:alice", id));
    assertEquals((await revoke(logins[0].id)).lines, ["Revoked 1 refresh token of user:alice"]);
    await assertRejects(() => revoke(logins[0].id), StartError, "No such refresh token");
    assertEquals((await revoke()).lines, ["Revoked 1 refresh token of user:alice"]);
    assertEquals((await list()).lines, []);
    await assertRejects(
      () => revokeRefreshTokensCommand(config, () => {}, "alice", undefined),
      MisuseError,
      "user:NAME",
    );
  });
});

Deno.test("rotate() makes a key that waits, and with atOnce one that stands alone; listKeys() tells which signs", async () => {
  await withFolder(async (folder) => {
    const config = await configured(folder);
    const list = async () => (await printed((print) => listKeys(config, print))).lines;
    assertMatch((await list())[0]!, /^No signing key exists yet/);
    const turn = (atOnce: boolean) => printed((print) => rotate(config, print, { atOnce }));
    assertMatch((await turn(false)).lines[0]!, /^Created key [\w-]{43}: it signs from /);
    assertMatch((await turn(false)).lines[0]!, /^Existing key /);
    const [first, second, ...more] = await list();
    assertMatch(first!, / {2}signs$/);
    assertMatch(second!, / {2}signs from \d{4}-/);
    assertEquals(more, []);
    assertMatch((await turn(true)).lines[0]!, /signs now$/);
    assertEquals((await list()).length, 1);
    const inFile = await configured(folder, { keys: "keys.json" });
    await assertRejects(() => listKeys(inFile, () => {}), StartError, '"auth.keys"');
  });
});

Deno.test("htpasswd() prints a line with the hash of the password, and refuses invalid passwords", async () => {
  const read = (password: string) => () => Promise.resolve(password);
  const { code, lines } = await printed((print) => htpasswd("alice", print, read("a good password")));
  assertEquals(code, 0);
  const [name, hash] = lines[0]!.split(":") as [string, string];
  assertEquals(name, "alice");
  const queue = new BcryptQueue();
  try {
    assertEquals(await queue.check({ password: "a good password", hash }), true);
    assertEquals(await queue.check({ password: "a bad password", hash }), false);
  } finally {
    queue.close();
  }
  for (const password of ["", "a\tb", "x".repeat(73), "ä".repeat(37)]) {
    await assertRejects(() => htpasswd("alice", () => {}, read(password)), StartError, "1 to 72 bytes");
  }
  for (const user of ["", "a b", "a:b", "a*"]) {
    await assertRejects(() => htpasswd(user, () => {}, read("x")), MisuseError, "Expected a name");
  }
});

Deno.test("policyTest() returns an exit code and prints the reason, and rejects a malformed question", async () => {
  await withFolder(async (folder) => {
    const config = await configured(folder, {
      issuers: [{ name: "github", issuer: "https://token.actions.githubusercontent.com" }],
      policies: [{
        repositories: ["team/**"],
        allow: [
          { to: ["user:alice"], actions: ["pull"] },
          { to: ["workload:github"], where: { repository_id: ["42"] }, actions: ["push"] },
        ],
      }],
    });
    const ask = (who: string, action: string, repository: string, claims: string[] = [], json = false) =>
      printed((print) => policyTest(config, print, { who, action, repository, claims }, { json }));
    const may = await ask("user:alice", "pull", "team/app");
    assertEquals(may.code, 0);
    assertMatch(
      may.lines.join("\n"),
      /^user:alice may pull team\/app:\n- .*longest pattern.*\n- policies\[0\]\.allow\[0\] /,
    );
    const mayNot = await ask("workload:github", "push", "team/app", ["repository_id=43"]);
    assertEquals(mayNot.code, 1);
    assertMatch(mayNot.lines.at(-1)!, /requires the claim "repository_id" to be "42", but it is "43"/);
    assertEquals((await ask("workload:github", "push", "team/app", ["repository_id=42"])).code, 0);
    const json = JSON.parse((await ask("anonymous", "pull", "other", [], true)).lines[0]!);
    assertEquals([json.allowed, json.who], [false, "anonymous"]);
    for (
      const [who, action, repository, ...claims] of [
        ["alice", "pull", "a"],
        ["group:dev", "pull", "a"],
        ["user:alice", "read", "a"],
        ["user:alice", "pull", "A"],
        ["user:alice", "pull", "a", "x=1"],
        ["workload:gitlab", "pull", "a"],
        ["workload:github", "pull", "a", "x"],
      ] as [string, string, string, ...string[]][]
    ) {
      await assertRejects(
        () => policyTest(config, () => {}, { who, action, repository, claims }, { json: false }),
        MisuseError,
      );
    }
  });
});

Deno.test("policyTest() distinguishes a denial, an unknown user and a registry without auth", async () => {
  await withFolder(async (folder) => {
    const question = { who: "user:alice", action: "push", repository: "team/app", claims: [] };
    const ask = (config: Config, who = "user:alice", json = false) =>
      printed((print) => policyTest(config, print, { ...question, who }, { json }));
    const secured = await configured(folder);
    assertEquals((await ask(secured)).code, 1);
    assertEquals(await ask(secured, "user:bob"), {
      code: 4,
      lines: ['Unknown user "bob": not in auth.htpasswd and not in auth.users'],
    });
    // A robot exists by its tokens, which policies know nothing of.
    assertEquals((await ask(secured, "robot:ci")).code, 1);
    const open = await ask(folderConfig(folder));
    assertEquals(open.code, 3);
    assertMatch(open.lines[0]!, /^No auth is configured: anyone /);
    assertEquals(JSON.parse((await ask(secured, "user:bob", true)).lines[0]!).allowed, false);
  });
});
