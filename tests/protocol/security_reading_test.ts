// Attacks that try to read without the right, on the parts of a started process.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { cached } from "../../cache/mod.ts";
import {
  bytesOf,
  digestOf,
  EMPTY,
  failureIn,
  imageOf,
  pushBlob,
  pushManifest,
  type Send,
} from "../harness/content.ts";
import { testStores } from "../harness/app.ts";
import { counted } from "../harness/call_counts.ts";
import { basic, usersOf } from "../harness/secured.ts";
import { openSecuredApp, passwordOf, ROOT, URL_OF_APP } from "../harness/secured_app.ts";
import { ALICE, LIST, openTeamApp } from "./team_app.ts";

Deno.test("CVE-2026-35172: deleted content is not served from memory to clients that could read it", async () => {
  const app = await openSecuredApp({
    users: await usersOf("alice"),
    policies: [{
      repositories: ["team/**"],
      allow: [{ to: ["user:alice"], actions: ["pull", "push", "delete"] }],
    }],
  }, { wrap: cached });
  using _ = app;
  const alice = app.as(ALICE);
  const secret = bytesOf("a layer that is deleted");
  await pushBlob(alice, "team/app", secret);
  const path = `/v2/team/app/blobs/${digestOf(secret)}`;
  assertEquals((await alice(path)).status, 200);
  assertEquals((await alice(path, { method: "DELETE" })).status, 202);
  assertEquals(await failureIn(await alice(path)), [404, "BLOB_UNKNOWN"]);
});

Deno.test("cross-repository reads: a forbidden read is refused before any lookup, whether or not the content exists", async () => {
  using app = await openTeamApp();
  const { as, request, tokenFor } = app;
  const secret = bytesOf("a layer of a private image");
  await pushBlob(as(ROOT), "private/app", secret);
  const digest = digestOf(secret);
  const bob = await tokenFor(passwordOf("bob"), "repository:private/app:pull", "repository:team/app:pull");
  const answers = async (repository: string, authorization?: string) => {
    const send = authorization === undefined ? request : as(authorization);
    const outcomes = [];
    for (
      const [method, path, headers] of [
        ["GET", `blobs/${digest}`, {}],
        ["HEAD", `blobs/${digest}`, {}],
        ["GET", `blobs/${digest}`, { Range: "bytes=0-1" }],
        ["GET", `blobs/${digest}`, { "If-None-Match": `"${digest}"` }],
        ["GET", `referrers/${digest}`, {}],
        ["GET", "manifests/latest", {}],
        ["GET", "tags/list", {}],
        ["GET", "_skerry/tags/history?tag=latest", {}],
        ["GET", "_oci/ext/discover", {}],
      ] as const
    ) {
      const response = await send(`/v2/${repository}/${path}`, { method, headers });
      const text = (await response.text()).replace(repository, "<name>");
      const asked = response.headers.get("WWW-Authenticate");
      outcomes.push([response.status, text, asked?.replace(repository, "<name>")]);
    }
    return outcomes;
  };
  for (const authorization of [undefined, passwordOf("bob"), bob]) {
    const there = await answers("private/app", authorization);
    assertEquals(there, await answers("private/nothing", authorization));
    assert(there.every(([status]) => status === (authorization === undefined ? 401 : 403)));
  }
  // The bytes are there, and of no repository that bob may pull from.
  assertEquals((await as(bob)(`/v2/team/app/blobs/${digest}`)).status, 404);
  for (const from of ["&from=private/app", "&from=private/nothing", ""]) {
    const mount = await as(
      await tokenFor(ALICE, "repository:team/app:pull,push", "repository:private/app:pull"),
    )(
      `/v2/team/app/blobs/uploads/?mount=${digest}${from}`,
      { method: "POST" },
    );
    assertEquals(mount.status, 202, from);
  }
});

Deno.test("CVE-2022-46463: the catalog has only repositories that the caller may pull, for every kind of login", async () => {
  using app = await openTeamApp();
  const { as, tokenFor } = app;
  const catalog = async (authorization: string) =>
    (await (await as(authorization)("/v2/_catalog")).json()).repositories;
  const everything = ["public/app", "team/app", "team/other"];
  assertEquals(await catalog(ROOT), everything);
  assertEquals(await catalog(await tokenFor(ROOT, "registry:catalog:*")), everything);
  assertEquals(await catalog(ALICE), everything);
  assertEquals(await catalog(await tokenFor(undefined, "registry:catalog:*")), ["public/app"]);
  const bounded = await (await as(ALICE)("/v2/_skerry/tokens", {
    method: "POST",
    body: JSON.stringify({ grants: ["pull:team/app"] }),
  })).json();
  const robot = basic({ username: "alice", password: bounded.secret });
  assertEquals(await catalog(robot), ["team/app"]);
  assertEquals(await catalog(await tokenFor(robot, "registry:catalog:*")), ["team/app"]);
});

Deno.test("CVE-2026-48978, CVE-2026-33540, CVE-2026-50151, CVE-2026-85732: no URL of a login or of a next page comes from the client", async () => {
  using app = await openTeamApp();
  const headers = {
    Host: "attacker.test",
    "X-Forwarded-Host": "attacker.test",
    "X-Forwarded-Proto": "http",
    Forwarded: "host=attacker.test",
  };
  for (const [name, value] of Object.entries(headers)) {
    const response = await app.request(LIST, { headers: { [name]: value } });
    const challenge =
      `Bearer realm="${URL_OF_APP}/token",service="registry.test",scope="repository:team/app:pull"`;
    assertEquals(response.headers.get("WWW-Authenticate"), challenge);
    await response.body?.cancel();
    const upload = await app.as(ALICE)("/v2/team/app/blobs/uploads/", {
      method: "POST",
      headers: { [name]: value },
    });
    assertMatch(upload.headers.get("Location") ?? "", /^\/v2\/team\/app\/blobs\/uploads\//);
    const page = await app.as(ALICE)("/v2/_catalog?n=1", { headers: { [name]: value } });
    assertEquals(page.headers.get("Link"), '</v2/_catalog?n=1&last=public%2Fapp>; rel="next"');
    await page.body?.cancel();
  }
});

Deno.test("a pull with a token sends the table no more requests than an anonymous one", async () => {
  const stores = testStores();
  const { take, ...watched } = counted(stores.objects, stores.table);
  const allow = [{ to: ["anonymous"], actions: ["pull"] }];
  const policies = [
    { repositories: ["public/**"], allow },
    { repositories: ["team/**"], allow: [{ to: ["user:alice"], actions: ["pull"] }] },
  ];
  using app = await openSecuredApp({ users: await usersOf("alice"), policies }, { stores: watched });
  const { as, request, tokenFor } = app;
  for (const repository of ["public/app", "team/app"]) {
    await pushBlob(as(ROOT), repository, EMPTY);
    await pushManifest(as(ROOT), repository, imageOf(repository), "latest");
  }
  const token = as(await tokenFor(ALICE, "repository:team/app:pull"));
  const pull = async (send: Send, repository: string) => {
    take();
    const calls = [];
    for (
      const path of [
        "manifests/latest",
        `manifests/${imageOf(repository).digest}`,
        `blobs/${digestOf(EMPTY)}`,
      ]
    ) {
      for (const method of ["HEAD", "GET"]) {
        const response = await send(`/v2/${repository}/${path}`, { method });
        assertEquals(response.status, 200);
        await response.body?.cancel();
        calls.push(take());
      }
    }
    return calls;
  };
  const open = await pull(request, "public/app");
  assertEquals(open.map(({ table }) => table), [2, 2, 1, 1, 1, 1]);
  assertEquals(await pull(token, "team/app"), open);
});
