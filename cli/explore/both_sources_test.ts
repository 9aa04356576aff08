import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import { startRegistry } from "../../tests/harness/registry_process.ts";
import { ADMINISTRATOR, authSetting, usersOf } from "../../tests/harness/secured.ts";
import { freePort } from "../../tests/harness/ports.ts";
import { runCommand } from "../run_command.ts";
import { folderConfig, withFolder, withStorage } from "../testing/mod.ts";
import { du, inspect, ls, rollback, status } from "./mod.ts";
import type { Output } from "./output.ts";
import { readImage, readTagged } from "./reference.ts";
import { openRemoteSource } from "./remote/mod.ts";
import { fillTeam } from "./testing/fixture.ts";

/** Command lines that only read. */
const READS = [
  "ls",
  "ls app",
  "ls nothing",
  "tags team/app",
  "tags team/app --newest --filter v",
  "inspect team/app",
  "inspect team/app:v2",
  "inspect team/app:all",
  "diff team/app v1 v2",
  "diff team/app v2 latest",
  "history team/app:latest",
  "rollback team/app:latest --dry-run",
  "du",
  "du team/other",
];

/** Sets a variable of the environment until it is disposed of. */
function withVariable(name: string, value: string): Disposable {
  const before = Deno.env.get(name);
  Deno.env.set(name, value);
  return {
    [Symbol.dispose]: () => before === undefined ? Deno.env.delete(name) : Deno.env.set(name, before),
  };
}

Deno.test("commands print the same over the storage and at the running registry", async () => {
  await withFolder(async (folder) => {
    const config = folderConfig(folder);
    await withStorage(config, ({ registry }) => fillTeam(registry));
    // As a registry whose accounts are not anonymous, because only those see names of others.
    const port = freePort();
    const home = await Deno.makeTempDir({ dir: folder });
    const { username, password } = ADMINISTRATOR;
    const auth = new TextEncoder().encode(`${username}:${password}`).toBase64();
    await Deno.writeTextFile(
      `${home}/config.json`,
      JSON.stringify({ auths: { [`127.0.0.1:${port}`]: { auth } } }),
    );
    await using registry = await startRegistry({ data: folder, port, env: await authSetting(port, {}) });
    using _environment = withVariable("DOCKER_CONFIG", home);
    const run = async (args: string[]) => {
      let text = "";
      const print = (line: string) => text += `${line}\n`;
      const code = await runCommand(args, { config: () => Promise.resolve(config), print });
      return { code, text: text.replaceAll(/\b\d+[smhd]\b/g, "AGE") };
    };
    for (const line of READS) {
      for (const args of [line.split(" "), [...line.split(" "), "--json"]]) {
        const there = await run([...args, `--url=${registry.url}`]);
        assertEquals(there, await run(args), args.join(" "));
        assert(there.text.length > 0 || args.includes("nothing"), args.join(" "));
      }
    }
    const { events, ...own } = JSON.parse((await run(["status", "--json"])).text);
    assertEquals(events.waiting, { count: 0, more: false });
    const { version, startedAt, ready, warnings, ...there } = JSON.parse(
      (await run(["status", "--json", `--url=${registry.url}`])).text,
    );
    assertEquals(there, own);
    assertEquals([ready, warnings], [true, []]);
    assertMatch(version, /^\d+\.\d+\.\d+/);
    assert(Date.parse(startedAt) <= Date.now());

    // A move at the registry is seen in the storage, and the other way round.
    const moved = await run(["rollback", "team/app:latest", "--yes", "--json", `--url=${registry.url}`]);
    assertEquals(moved.code, 0);
    const moves = (await run(["history", "team/app:latest", "--json"])).text.trimEnd().split("\n");
    assertEquals(JSON.parse(moves[0]!).digest, JSON.parse(moved.text).after);
  });
});

Deno.test("commands at a running registry have the rights of the account", async () => {
  await withFolder(async (folder) => {
    const { first } = await withStorage(folderConfig(folder), ({ registry }) => fillTeam(registry));
    const port = freePort();
    const env = await authSetting(port, {
      users: await usersOf("alice"),
      policies: [{ repositories: ["team/other"], allow: [{ to: ["user:alice"], actions: ["pull"] }] }],
    });
    await using registry = await startRegistry({ data: folder, port, env });
    const as = (username: string, password = `${username}'s password`) =>
      openRemoteSource({ url: registry.url, username, password: () => Promise.resolve(password) });
    const lines: string[] = [];
    const output: Output = { print: (line) => lines.push(line), json: true, now: Date.now() };

    await using alice = await as("alice");
    await ls(alice.api, undefined, output);
    assertEquals(lines.splice(0).map((line) => JSON.parse(line).name), ["team/other"]);
    await inspect(alice.api, readImage("team/other:only"), output);
    assertEquals(JSON.parse(lines.pop()!).tags.items, ["only"]);
    for (
      const refused of [
        () => inspect(alice.api, readImage("team/app:v1"), output),
        () => du(alice.api, undefined, output),
        () => status(alice, output),
      ]
    ) await assertRejects(refused, RegistryError);

    await using root = await as(ADMINISTRATOR.username, ADMINISTRATOR.password);
    await ls(root.api, undefined, output);
    assertEquals(lines.splice(0).length, 2);
    assertEquals(await du(root.api, undefined, output), 0);
    assertEquals(await status(root, output), 0);
    lines.length = 0;
    const options = { dryRun: false, confirm: () => Promise.resolve(true) };
    await rollback(root.api, readTagged("team/app:latest"), options, output);
    assertEquals(JSON.parse(lines[0]!).after, first);
  });
});
