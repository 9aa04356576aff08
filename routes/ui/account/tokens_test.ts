import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { FormClient } from "../../../tests/harness/form_client.ts";
import { usersOf } from "../../../tests/harness/secured.ts";
import { openSecuredApp, type SecuredApp, URL_OF_APP } from "../../../tests/harness/secured_app.ts";

async function openApp(auth: Record<string, unknown> = {}): Promise<SecuredApp> {
  return await openSecuredApp({ users: await usersOf("alice", "bob"), ...auth });
}

async function loggedIn({ request }: Pick<SecuredApp, "request">, username: string): Promise<FormClient> {
  const browser = new FormClient(request, URL_OF_APP);
  assertEquals((await browser.logIn(username)).status, 303);
  return browser;
}

Deno.test("createToken() shows the token once, and it logs in to the registry with its grants", async () => {
  using app = await openApp();
  const browser = await loggedIn(app, "alice");
  const fields = { description: "<b>CI</b>", days: "30", grants: "pull:team/**\r\npull,push:own/*\n" };
  const { status, text, response } = await browser.submit("/account/tokens", fields);
  assertEquals(status, 200);
  assertMatch(response.headers.get("Cache-Control")!, /no-store/);
  const token = /skr_\w+/.exec(text)![0];
  assertEquals((await app.as("Basic " + btoa(`alice:${token}`))("/v2/")).status, 200);
  const account = await browser.open("/account");
  assert(!account.text.includes(token));
  assert(!account.text.includes("<b>"));
  assertStringIncludes(account.text, "&lt;b&gt;CI&lt;/b&gt;");
  assertStringIncludes(account.text, "pull,push:own/*");
  assertEquals(app.told.audit.map(({ who, action, address }) => [who, action, address]), [
    ["user:alice", "credential.create", "192.0.2.1"],
  ]);
  assert(!JSON.stringify(app.told).includes(token));
});

Deno.test("revokeToken() revokes the viewer's own tokens only", async () => {
  using app = await openApp();
  const [alice, bob] = [await loggedIn(app, "alice"), await loggedIn(app, "bob")];
  const created = await alice.submit("/account/tokens", { description: "CI", days: "30", grants: "" });
  const token = /skr_\w+/.exec(created.text)![0];
  const { id } = (await alice.open("/account")).hidden();
  assert(!(await bob.open("/account")).text.includes(id!));
  for (const wrong of [id!, "0123456789abcdef", "../x", ""]) {
    assertEquals((await bob.submit("/account/tokens/revoke", { id: wrong })).status, 404);
  }
  assertEquals((await app.as("Basic " + btoa(`alice:${token}`))("/v2/")).status, 200);
  const revoked = await alice.submit("/account/tokens/revoke", { id: id! });
  assertEquals([revoked.status, revoked.location], [303, "/account"]);
  assertEquals((await app.as("Basic " + btoa(`alice:${token}`))("/v2/")).status, 401);
  assertEquals(app.told.audit.map(({ who, action, credential }) => [who, action, credential]), [
    ["user:alice", "credential.create", id],
    ["user:alice", "credential.revoke", id],
  ]);
});

Deno.test("createToken() refuses fields that no form has, with the reason", async () => {
  using app = await openApp({ credentialLifetime: "60d" });
  const browser = await loggedIn(app, "alice");
  const rows: [Record<string, string>, RegExp][] = [
    [{ days: "30", grants: "everything" }, /Grant &quot;everything&quot; is not like/],
    [{ days: "31", grants: "" }, /lifetime is not one of the form/],
    [{ days: "", grants: "" }, /Expected an expiry within 1440 hours/],
    [{ days: "30", grants: "", description: "a\u0000b" }, /Expected a description/],
  ];
  for (const [fields, reason] of rows) {
    const { status, text } = await browser.submit("/account/tokens", { description: "x", ...fields });
    assertEquals(status, 400);
    assertMatch(text, reason);
  }
  assertEquals(app.told.audit, []);
});
