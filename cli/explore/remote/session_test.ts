import { assertEquals, assertRejects } from "@std/assert";
import { StartError } from "../../../config/mod.ts";
import { startRegistry } from "../../../tests/harness/registry_process.ts";
import { ADMINISTRATOR, startSecured, usersOf } from "../../../tests/harness/secured.ts";
import type { Credentials } from "./credentials.ts";
import { Session } from "./session.ts";

const SCOPE = "repository:team/app:pull";
const PATH = "/v2/team/app/tags/list";

/** Status of a request to a repository that does not exist: 404 for a client with the right, 401 or 403 for others. */
async function statusOf(
  url: string,
  credentials: Credentials | undefined,
  password?: "required" | "preferred",
): Promise<number> {
  const session = new Session(new URL(url), credentials);
  const response = await session.send(PATH, { scope: SCOPE, ...(password && { password }) });
  await response.body?.cancel();
  return response.status;
}

/** Refresh token of a login. */
async function loggedIn(url: string, { username, password }: typeof ADMINISTRATOR): Promise<string> {
  const body = {
    grant_type: "password",
    username,
    password,
    access_type: "offline",
    client_id: "test",
    service: "",
  };
  const service = new URL(url).host;
  const response = await fetch(`${url}/token`, {
    method: "POST",
    body: new URLSearchParams({ ...body, service }),
  });
  return (await response.json()).refresh_token;
}

Deno.test("send() logs in by password, by refresh token or not at all", async () => {
  const policies = [{ repositories: ["team/**"], allow: [{ to: ["user:alice"], actions: ["pull"] }] }];
  await using registry = await startSecured({ users: await usersOf("alice", "bob"), policies });
  const { url } = registry;
  const user = (name: string) => ({ user: name, password: `${name}'s password` });
  assertEquals(await statusOf(url, user("alice")), 404);
  assertEquals(await statusOf(url, user("bob")), 403);
  for (const password of ["required", "preferred"] as const) {
    assertEquals(await statusOf(url, user("alice"), password), 404);
    assertEquals(await statusOf(url, undefined, password), 401);
  }
  assertEquals(await statusOf(url, undefined), 401);
  const refreshToken = await loggedIn(url, ADMINISTRATOR);
  for (const password of [undefined, "preferred"] as const) {
    assertEquals(await statusOf(url, { refreshToken }, password), 404);
  }
  await assertRejects(
    () => statusOf(url, { refreshToken }, "required"),
    StartError,
    "Cannot do this with the token of the stored login",
  );
  await assertRejects(
    () => statusOf(url, { user: "alice", password: "wrong" }),
    StartError,
    `Cannot log in to ${registry.host}: wrong name or password`,
  );
  await assertRejects(() => statusOf(url, { refreshToken: "skrr_none" }), StartError, "Cannot log in");
});

Deno.test("send() needs no login where the registry requires none, and reuses a token", async () => {
  await using open = await startRegistry();
  assertEquals(await statusOf(open.url, undefined), 404);
  assertEquals(await statusOf(open.url, { user: "alice", password: "x" }), 404);

  let tokens = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname, origin, searchParams } = new URL(request.url);
    if (pathname === "/token") {
      return Response.json({ token: `${searchParams.get("scope")} ${++tokens}`, expires_in: 60 });
    }
    const challenge = `Bearer realm="${origin}/token",service="test"`;
    if (pathname === "/v2/") {
      return new Response(null, { status: 401, headers: { "WWW-Authenticate": challenge } });
    }
    return new Response(request.headers.get("Authorization"));
  });
  const session = new Session(new URL(`http://127.0.0.1:${server.addr.port}`));
  const answer = async (scope: string) => await (await session.send("/v2/x", { scope })).text();
  assertEquals([await answer("a"), await answer("a"), await answer("b")], [
    "Bearer a 1",
    "Bearer a 1",
    "Bearer b 2",
  ]);
  await server.shutdown();
});

Deno.test("send() follows no redirect, and reports a registry out of reach", async () => {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(null, { status: 307, headers: { Location: "http://127.0.0.1:1/" } }),
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  await assertRejects(() => statusOf(url, { user: "a", password: "b" }), StartError, `Cannot reach ${url}`);
  await server.shutdown();
  await assertRejects(() => statusOf(url, undefined), StartError, `Cannot reach ${url}`);
});
