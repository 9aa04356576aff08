/** Tokens of one replica are valid at all others, and after its end too. */
import { assert, assertEquals } from "@std/assert";
import { startCluster } from "../harness/cluster.ts";
import { ADMINISTRATOR, authSetting, basic, usersOf } from "../harness/secured.ts";

const PATH = "/v2/team/app/tags/list";

Deno.test("tokens, refresh tokens and robots of one replica are good at every other, and a robot that is revoked is in no list", async () => {
  const env = await authSetting(80, {
    users: await usersOf("alice"),
    policies: [{
      repositories: ["team/**"],
      allow: [{ to: ["user:alice", "robot:ci"], actions: ["pull"] }],
    }],
  });
  await using cluster = await startCluster({ env });
  const { replicas } = cluster;
  /** The status at every replica; 404 is that of who may pull. */
  const statuses = (path: string, authorization: string) =>
    Promise.all(replicas.map(async ({ url }) => {
      const response = await fetch(url + path, { headers: { Authorization: authorization } });
      await response.body?.cancel();
      return response.status;
    }));
  const all = (status: number) => replicas.map(() => status);
  const alice = basic({ username: "alice", password: "alice's password" });

  // All at once make the first key: one of them does.
  const tokens = await Promise.all(replicas.map(async ({ url }) => {
    const query = "scope=repository:team/app:pull&offline_token=true";
    const response = await fetch(`${url}/token?${query}`, { headers: { Authorization: alice } });
    return await response.json();
  }));
  for (const { token } of tokens) assertEquals(await statuses(PATH, `Bearer ${token}`), all(404));
  const keys = await Promise.all(
    replicas.map(async ({ url }) => (await fetch(`${url}/.well-known/jwks.json`)).json()),
  );
  assertEquals(keys.map((set) => set.keys.length), all(1));
  assertEquals(keys[1], keys[0]);
  assertEquals(keys[2], keys[0]);

  await replicas[0]!.kill();
  await replicas[0]!.restart();
  assertEquals(await statuses(PATH, `Bearer ${tokens[0].token}`), all(404));
  for (const [index, { url }] of replicas.entries()) {
    const form = {
      grant_type: "refresh_token",
      refresh_token: tokens[(index + 1) % replicas.length].refresh_token,
      scope: "repository:team/app:pull",
    };
    const response = await fetch(`${url}/token`, { method: "POST", body: new URLSearchParams(form) });
    assertEquals([response.status, (await response.json()).scope], [200, form.scope]);
  }

  const root = { Authorization: basic(ADMINISTRATOR) };
  const made = await fetch(`${replicas[1]!.url}/v2/_skerry/tokens`, {
    method: "POST",
    headers: root,
    body: '{"robot":"ci"}',
  });
  const { id, secret } = await made.json();
  const robot = basic({ username: "ci", password: secret });
  assertEquals(await statuses(PATH, robot), all(404));
  const ended = await fetch(`${replicas[2]!.url}/v2/_skerry/tokens/${id}`, {
    method: "DELETE",
    headers: root,
  });
  assertEquals(ended.status, 204);
  const [, , there] = await statuses(PATH, robot);
  assertEquals(there, 401, "at once where it was revoked");
  const listed = await fetch(`${replicas[0]!.url}/v2/_skerry/tokens`, { headers: root });
  assertEquals((await listed.json()).tokens, []);
  assert(!cluster.log().includes(secret.slice(22)));
});
