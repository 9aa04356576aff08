import { assertEquals, assertRejects } from "@std/assert";
import { StartError } from "../../config/mod.ts";
import { RegistryError } from "../../oci/mod.ts";
import { Inbox } from "../../registry/events/testing/inbox.ts";
import { createRegistry } from "../../registry/mod.ts";
import { digest, utf8 } from "../../tests/harness/stores.ts";
import { folderConfig, withFolder, withStorage } from "../testing/mod.ts";
import { readTagged } from "./reference.ts";
import { rollback, type RollbackOptions } from "./rollback.ts";
import type { BoundApi } from "./source.ts";
import { fillTeam } from "./testing/fixture.ts";
import { withSource } from "./with_source.ts";

const LATEST = readTagged("team/app:latest");

/** Digests of four manifests. */
const [A, B, C, D] = ["a", "b", "c", "d"].map((text) => digest(utf8(text))) as unknown as [
  string,
  string,
  string,
  string,
];

/** Rolls back with an API whose tag has these moves, newest first; answers the request of the move and the output. */
async function rolledBack(
  moves: [digest: string, exists: boolean][],
  options: Partial<RollbackOptions> = {},
) {
  const requests: unknown[] = [];
  const api = {
    getTagHistory: () => Promise.resolve({ moves: moves.map(([digest, exists]) => ({ digest, exists })) }),
    moveTag: (_repository: string, _tag: string, after: string, request: unknown) => {
      requests.push([after, request]);
      return Promise.resolve({ before: moves[0]![0], after });
    },
  } as unknown as BoundApi;
  const lines: string[] = [];
  const output = { print: (line: string) => lines.push(line), json: false, now: 0 };
  const confirm = () => Promise.resolve(true);
  const code = await rollback(api, LATEST, { dryRun: false, confirm, ...options }, output);
  return { code, requests, lines };
}

Deno.test("rollback() chooses the last other manifest that exists, if the tag has not moved", async () => {
  const { code, requests } = await rolledBack([[A, true], [A, true], [B, false], [C, true], [D, true]]);
  assertEquals([code, requests], [0, [[C, { dryRun: false, condition: { ifMatch: [A] } }]]]);
});

Deno.test("rollback() moves nothing without an earlier manifest", async () => {
  const none: [string, boolean][][] = [[[A, true]], [[A, true], [B, false]], [[A, true], [A, true]], []];
  for (const moves of none) await assertRejects(() => rolledBack(moves), StartError, "Cannot roll back");
});

Deno.test("rollback() moves nothing if the operator refuses, and does not ask for a dry run", async () => {
  const confirm = (question: string) => {
    assertEquals(question, `Move "team/app:latest" from ${A} to ${B}?`);
    return Promise.resolve(false);
  };
  const moves: [string, boolean][] = [[A, true], [B, true]];
  assertEquals(await rolledBack(moves, { confirm }), { code: 1, requests: [], lines: ["Not moved"] });
  const dry = await rolledBack(moves, { dryRun: true, confirm: () => Promise.reject(new Error("Asked")) });
  assertEquals(dry.lines, [`Would move "team/app:latest" from ${A} to ${B}`]);
});

Deno.test("rollback() in the storage keeps the rules for immutable tags, and a registry read-only", async () => {
  await withFolder(async (folder) => {
    const config = folderConfig(folder);
    await withStorage(config, ({ registry }) => fillTeam(registry));
    const immutable = [{ repositories: ["team/**"], tags: ["latest"], except: [] }];
    const strict = { ...config, auth: { immutable, quotas: [], limits: {} } } as unknown as typeof config;
    const output = { print: () => {}, json: false, now: 0 };
    const options = { dryRun: false, confirm: () => Promise.resolve(true) };
    const move = (used: typeof config) =>
      withSource(
        { config: () => Promise.resolve(used), url: undefined, username: undefined },
        ({ api }) => rollback(api, LATEST, options, output),
      );
    const error = await assertRejects(() => move(strict), StartError);
    assertEquals(error.cause instanceof RegistryError && error.cause.code, "DENIED");
    await assertRejects(() => move({ ...config, readOnly: true }), StartError, "read-only");
    assertEquals(await move(config), 0);
  });
});

Deno.test("rollback() in the storage leaves an event for webhooks", async () => {
  await withFolder(async (folder) => {
    const config = folderConfig(folder);
    await withStorage(config, ({ registry }) => fillTeam(registry));
    const webhooks = [{ events: ["tag.move"], repositories: ["**"] }] as unknown as typeof config.webhooks;
    const used = {
      config: () => Promise.resolve({ ...config, webhooks }),
      url: undefined,
      username: undefined,
    };
    const options = { dryRun: false, confirm: () => Promise.resolve(true) };
    await withSource(
      used,
      ({ api }) => rollback(api, LATEST, options, { print: () => {}, json: false, now: 0 }),
    );
    const { message } = await withStorage(config, async ({ objects, table }) => {
      const later = () => Date.now() + 3_600_000; // the process that made the change is gone
      const outbox = await createRegistry({ objects, table, now: later }).events();
      await outbox.relayOthers([new Inbox("ci")]);
      const [event] = await outbox.pending();
      return event!;
    });
    assertEquals([message.type, message.data["tag"]], ["tag.move", "latest"]);
  });
});
