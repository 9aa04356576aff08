import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { RefreshTokens } from "../auth/mod.ts";
import { createRegistry } from "../registry/mod.ts";
import { usersOf } from "../tests/harness/secured.ts";
import { content, imageOf, pushBlob, pushManifest, REPOSITORY } from "../tests/harness/stores.ts";
import { folderConfig, withFolder, withStorage } from "./testing/mod.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const DAY = 86_400_000;

/** Runs a command, and answers its output and the audit lines that it writes. */
async function run(
  env: Record<string, string>,
  command: string,
  expected = 0,
): Promise<{ printed: string; audit: Record<string, unknown>[] }> {
  const args = ["run", "--quiet", "--allow-all", MAIN, ...command.split(" ")];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, env }).output();
  const [printed, said] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [
    string,
    string,
  ];
  assertEquals(code, expected, said);
  const lines = said.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  return { printed, audit: lines.map(({ time: _, level: _level, message: _message, ...event }) => event) };
}

Deno.test("commands write an audit line for each change, in the form of the registry's own, and none in a dry run", async () => {
  await withFolder(async (folder) => {
    const env = {
      SKERRY_DATA: `${folder}/data`,
      SKERRY_AUTH: JSON.stringify({ url: "https://registry.test", users: await usersOf("alice") }),
      SKERRY_RETENTION: '[{"repositories": ["**"], "keepTags": [{"tags": ["v*"]}]}]',
    };
    const image = imageOf(content(9, 1), []);
    await withStorage(folderConfig(env.SKERRY_DATA), async ({ objects, table }) => {
      const { registry } = createRegistry({ objects, table, now: () => Date.now() - 3 * DAY });
      await pushBlob(registry, content(9, 1));
      await pushManifest(registry, image, "v1", "pr-1");
      const findPrincipal = (principal: unknown) => Promise.resolve(principal as never);
      const hasEnded = () => Promise.resolve(false);
      const options = { table, service: "s", lifetime: DAY, findPrincipal, hasEnded, now: Date.now };
      const logins = new RefreshTokens(options);
      await logins.issue({ kind: "user", name: "user:alice", credential: "x" }, "docker");
    });
    const who = { event: "audit", "enduser.id": "operator" };

    const created = await run(env, "token create --robot ci");
    const [{ credential } = {}] = created.audit;
    assertEquals(created.audit, [{ ...who, action: "credential.create", credential, owner: "robot:ci" }]);
    assert(!JSON.stringify(created.audit).includes(created.printed.trim()));
    assertEquals((await run(env, `token revoke ${credential}`)).audit, [
      { ...who, action: "credential.revoke", credential, owner: "robot:ci" },
    ]);
    assertEquals((await run(env, "logins revoke user:alice")).audit, [
      { ...who, action: "logins.revoke", owner: "user:alice", reason: "1 refresh token" },
    ]);
    assertEquals((await run(env, "logins revoke user:alice")).audit, []);
    const [rotated] = (await run(env, "keys rotate")).audit;
    assertEquals([rotated?.action, typeof rotated?.credential], ["keys.rotate", "string"]);

    for (
      const command of ["retain --dry-run", "collect --dry-run", `delete-repository --dry-run ${REPOSITORY}`]
    ) {
      assertEquals((await run(env, command)).audit, [], command);
    }
    const [retired, ...rest] = (await run(env, "retain")).audit;
    assertEquals([retired?.action, retired?.repository, retired?.tag, rest], [
      "tag.delete",
      REPOSITORY,
      "pr-1",
      [],
    ]);
    await run(env, `backup --to ${folder}/items`);
    const deleted = (await run(env, `delete-repository ${REPOSITORY}`)).audit;
    assertEquals(deleted.map((event) => `${event["enduser.id"]} ${event.action}`), [
      "operator tag.delete",
      "operator manifest.delete",
      "operator repository.delete",
    ]);
    const [collected] = (await run(env, "collect --json")).audit;
    assertMatch(String(collected?.reason), /^Removed 1 blob/);

    await Deno.mkdir(`${folder}/other/objects`, { recursive: true });
    const elsewhere = { ...env, SKERRY_DATA: `${folder}/other` };
    const [restored, ...more] = (await run(elsewhere, `restore ${folder}/items`, 1)).audit;
    assertEquals([restored?.action, more], ["registry.restore", []]);
    assertMatch(String(restored?.reason), /^backup \S+: Restored .*missing: 1 object,/);
  });
});
