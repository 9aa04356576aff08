// What a credential that is bound by grants may do to its owner, and beyond its grants.
import { assert, assertEquals } from "@std/assert";
import { bytesOf, digestOf, pushBlob } from "../harness/content.ts";
import { basic, usersOf } from "../harness/secured.ts";
import { openSecuredApp, passwordOf, ROOT, type SecuredApp } from "../harness/secured_app.ts";
import { ALICE, LIST, openTeamApp } from "./team_app.ts";

/** A personal token of alice for `team/app` alone, as `Authorization`. */
async function narrowToken({ as }: SecuredApp): Promise<string> {
  const response = await as(ALICE)("/v2/_skerry/tokens", {
    method: "POST",
    body: JSON.stringify({ grants: ["pull,push:team/app"] }),
  });
  const { secret } = await response.json();
  return basic({ username: "alice", password: secret });
}

/** Gets a token for a refresh token, and maybe another refresh token. */
async function refresh({ request }: SecuredApp, form: Record<string, string>) {
  const body = new URLSearchParams({ grant_type: "refresh_token", ...form });
  const response = await request("/token", { method: "POST", body });
  return { status: response.status, ...await response.json() };
}

Deno.test("a personal token that logs in often ends no login of its owner", async () => {
  using app = await openTeamApp();
  const { refresh_token } = await (await app.as(ALICE)("/token?offline_token=true")).json();
  const narrow = await narrowToken(app);
  for (let i = 0; i < 110; i++) {
    const response = await app.as(narrow)("/token?offline_token=true");
    assertEquals(response.status, 200);
    await response.body?.cancel();
  }
  assertEquals((await refresh(app, { refresh_token })).status, 200);
});

Deno.test("a personal access token mounts only from repositories that it may pull", async () => {
  using app = await openTeamApp();
  const layer = bytesOf("a layer");
  await pushBlob(app.as(ALICE), "team/other", layer);
  const narrow = await narrowToken(app);
  const scope = "repository:team/app:pull,push";
  const { refresh_token } = await (await app.as(narrow)("/token?offline_token=true")).json();
  const refreshed = await refresh(app, { refresh_token, scope });
  const wide = await app.tokenFor(ALICE, scope);
  const mount = async (authorization: string, from: string) => {
    const query = `mount=${digestOf(layer)}${from === "" ? "" : `&from=${from}`}`;
    const response = await app.as(authorization)(`/v2/team/app/blobs/uploads/?${query}`, { method: "POST" });
    await response.body?.cancel();
    return response.status;
  };
  for (
    const authorization of [narrow, await app.tokenFor(narrow, scope), `Bearer ${refreshed.access_token}`]
  ) {
    assertEquals(await mount(authorization, "team/other"), 202);
    assertEquals(await mount(authorization, ""), 202);
  }
  assertEquals(await mount(wide, "team/other"), 201);
});

Deno.test("a client that asks for another refresh token gets one, and the old one ends the login when it comes again", async () => {
  using app = await openTeamApp();
  const { refresh_token: first } = await (await app.as(ALICE)("/token?offline_token=true")).json();
  // docker and podman send no access_type, and go on with the token that they have stored.
  for (let i = 0; i < 3; i++) {
    const answer = await refresh(app, {
      refresh_token: first,
      service: "registry.test",
      client_id: "docker",
    });
    assertEquals([answer.status, answer.refresh_token], [200, undefined]);
  }
  const { refresh_token: second } = await refresh(app, { refresh_token: first, access_type: "offline" });
  assert(second !== undefined && second !== first);
  const { refresh_token: third, access_token } = await refresh(app, {
    refresh_token: second,
    access_type: "offline",
    scope: "repository:team/app:pull",
  });
  const list = await app.as(`Bearer ${access_token}`)(LIST);
  assertEquals(list.status, 200);
  await list.body?.cancel();
  assertEquals((await refresh(app, { refresh_token: first })).status, 401);
  assertEquals((await refresh(app, { refresh_token: third })).status, 401);
  assert(JSON.stringify(app.told.log).includes("Refresh token revoked"));
});

Deno.test("a user who is added again with an earlier name has no token of the earlier one", async () => {
  using before = await openTeamApp();
  const narrow = await narrowToken(before);
  const token = await before.as(narrow)(LIST);
  assertEquals(token.status, 200);
  await token.body?.cancel();
  // The same name and even the same password, in another line of the file.
  using after = await openSecuredApp({ users: await usersOf("alice") }, { stores: before.stores });
  const refused = await after.as(narrow)(LIST);
  assertEquals(refused.status, 401);
  await refused.body?.cancel();
  const list = await (await after.as(passwordOf("alice"))("/v2/_skerry/tokens")).json();
  assertEquals(list.tokens.map(({ suspended }: { suspended?: boolean }) => suspended), [true]);
});

Deno.test("robots and users get no endless token where the configuration bounds their lifetime", async () => {
  using app = await openTeamApp({ credentialLifetime: "30d" });
  const create = async (body: Record<string, string>) => {
    const response = await app.as(ROOT)("/v2/_skerry/tokens", { method: "POST", body: JSON.stringify(body) });
    return { status: response.status, ...await response.json() };
  };
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
  for (const owner of [{ robot: "ci" }, { user: "alice" }] as Record<string, string>[]) {
    assertEquals((await create(owner)).status, 400);
    assertEquals((await create({ ...owner, expiresAt: inDays(31) })).status, 400);
    assertEquals((await create({ ...owner, expiresAt: inDays(29) })).status, 201);
  }
});
