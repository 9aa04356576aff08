import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { buildApp, type TestApp } from "../../../../tests/harness/app.ts";
import { EMPTY, imageOf, pushBlob, pushManifest, startUpload } from "../../../../tests/harness/content.ts";
import { FormClient } from "../../../../tests/harness/form_client.ts";
import type { AuditEvent } from "../../../../registry/interface.ts";

const NAME = "team/app";
const [OLD, NEW] = [imageOf("old"), imageOf("new")];

/** Registry that is open to all, with a tag that was moved once, and a browser. */
async function openApp(): Promise<TestApp & { browser: FormClient; audit: AuditEvent[] }> {
  const audit: AuditEvent[] = [];
  const app = buildApp({ ui: {}, audit: (event) => audit.push(event) });
  await pushBlob(app.request, NAME, EMPTY);
  for (const image of [OLD, NEW]) await pushManifest(app.request, NAME, image, "v1");
  audit.length = 0;
  return { ...app, audit, browser: new FormClient(app.request, "http://localhost") };
}

async function digestOf({ request }: TestApp, reference: string): Promise<string | undefined> {
  const response = await request(`/v2/${NAME}/manifests/${reference}`, { method: "HEAD" });
  return response.headers.get("Docker-Content-Digest") ?? undefined;
}

Deno.test("moveTag() rolls a tag back after its page has told the change, and the move is audited", async () => {
  const app = await openApp();
  const page = await app.browser.open(`/r/${NAME}/-/move?tag=v1&digest=${OLD.digest}`);
  assertEquals(page.status, 200);
  for (const digest of [OLD.digest, NEW.digest]) assertStringIncludes(page.text, digest);
  assertEquals(await digestOf(app, "v1"), NEW.digest, "a page changes nothing");
  const { status, location } = await app.browser.submit(`/r/${NAME}/-/move`, page.hidden());
  assertEquals([status, location], [303, `/r/${NAME}/-/at/v1`]);
  assertEquals(await digestOf(app, "v1"), OLD.digest);
  const moves = app.audit.filter(({ action }) => action.startsWith("tag."));
  assertEquals(moves.map(({ who, action, tag, before, after }) => [who, action, tag, before, after]), [
    ["anonymous", "tag.move", "v1", NEW.digest, OLD.digest],
  ]);
});

Deno.test("moveTag() creates a tag whose name the page asks for", async () => {
  const app = await openApp();
  const asking = await app.browser.open(`/r/${NAME}/-/move?digest=${OLD.digest}`);
  assertMatch(asking.text, /<input id="tag" name="tag"/);
  const page = await app.browser.open(`/r/${NAME}/-/move?digest=${OLD.digest}&tag=stable`);
  assertStringIncludes(page.text, "does not exist");
  assertEquals((await app.browser.submit(`/r/${NAME}/-/move`, page.hidden())).status, 303);
  assertEquals(await digestOf(app, "stable"), OLD.digest);
});

Deno.test("moveTag() refuses a move if the tag has been moved since the page, or was created since", async () => {
  const app = await openApp();
  const page = await app.browser.open(`/r/${NAME}/-/move?tag=v1&digest=${OLD.digest}`);
  const other = imageOf("other");
  await pushManifest(app.request, NAME, other, "v1");
  const { status, text } = await app.browser.submit(`/r/${NAME}/-/move`, page.hidden());
  assertEquals(status, 412);
  assertStringIncludes(text, "Changed in the meantime");
  const created = await app.browser.open(`/r/${NAME}/-/move?tag=v2&digest=${OLD.digest}`);
  await pushManifest(app.request, NAME, other, "v2");
  assertEquals((await app.browser.submit(`/r/${NAME}/-/move`, created.hidden())).status, 412);
  assertEquals([await digestOf(app, "v1"), await digestOf(app, "v2")], [other.digest, other.digest]);
});

Deno.test("moveTag() refuses malformed and unknown tags and digests", async () => {
  const app = await openApp();
  const rows: [Record<string, string>, number][] = [
    [{ tag: "-", digest: OLD.digest }, 400],
    [{ tag: "<b>", digest: OLD.digest }, 400],
    [{ tag: "v1", digest: "sha256:short" }, 400],
    [{ tag: "v1", digest: "" }, 400],
    [{ tag: "v1", digest: OLD.digest, before: "x" }, 400],
    [{ tag: "v1", digest: `sha256:${"0".repeat(64)}`, before: NEW.digest }, 404],
    [{}, 400],
  ];
  for (const [fields, status] of rows) {
    const sent = await app.browser.submit(`/r/${NAME}/-/move`, fields);
    assertEquals(sent.status, status, JSON.stringify(fields));
    assert(!sent.text.includes("<b>"));
  }
  assertEquals(await digestOf(app, "v1"), NEW.digest);
});

Deno.test("deleteContent() deletes a tag after its page has told the consequences", async () => {
  const app = await openApp();
  const page = await app.browser.open(`/r/${NAME}/-/delete?tag=v1`);
  assertMatch(page.text, /Goes.*the tag <code>v1<\/code>.*Stays.*the manifest/s);
  assertStringIncludes(page.text, "retention rules may remove it");
  assertEquals(await digestOf(app, "v1"), NEW.digest, "a page changes nothing");
  const { status, location } = await app.browser.submit(`/r/${NAME}/-/delete`, page.hidden());
  assertEquals([status, location], [303, `/r/${NAME}`]);
  assertEquals([await digestOf(app, "v1"), await digestOf(app, NEW.digest)], [undefined, NEW.digest]);
  assertEquals(app.audit.map(({ action, tag, before }) => [action, tag, before]), [
    ["tag.delete", "v1", NEW.digest],
  ]);
  const undone = await app.browser.open(`/r/${NAME}/-/move?tag=v1&digest=${NEW.digest}`);
  await app.browser.submit(`/r/${NAME}/-/move`, undone.hidden());
  assertEquals(await digestOf(app, "v1"), NEW.digest);
});

Deno.test("deleteContent() refuses to delete a tag that has been moved since the page", async () => {
  const app = await openApp();
  const page = await app.browser.open(`/r/${NAME}/-/delete?tag=v1`);
  await pushManifest(app.request, NAME, OLD, "v1");
  assertEquals((await app.browser.submit(`/r/${NAME}/-/delete`, page.hidden())).status, 409);
  assertEquals(await digestOf(app, "v1"), OLD.digest);
});

Deno.test("deleteContent() deletes a manifest with its tags", async () => {
  const app = await openApp();
  await pushManifest(app.request, NAME, NEW, "latest");
  const page = await app.browser.open(`/r/${NAME}/-/delete?digest=${NEW.digest}`);
  assertMatch(page.text, /its tags: latest, v1/);
  assertEquals((await app.browser.submit(`/r/${NAME}/-/delete`, page.hidden())).status, 303);
  assertEquals([await digestOf(app, "v1"), await digestOf(app, "latest"), await digestOf(app, NEW.digest)], [
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("deleteContent() deletes a repository whose name was typed", async () => {
  const app = await openApp();
  const page = await app.browser.open(`/r/${NAME}/-/delete`);
  assertMatch(page.text, /1 tag.*2 manifests.*This cannot be undone/s);
  const fields = page.hidden();
  for (const confirm of ["", "team", `${NAME}x`]) {
    assertEquals((await app.browser.submit(`/r/${NAME}/-/delete`, { ...fields, confirm })).status, 400);
  }
  assertEquals(await digestOf(app, "v1"), NEW.digest);
  const { status, location } = await app.browser.submit(`/r/${NAME}/-/delete`, { ...fields, confirm: NAME });
  assertEquals([status, location], [303, "/"]);
  assertEquals((await app.browser.open(`/r/${NAME}`)).status, 404);
});

Deno.test("deleteContent() answers 404 for an unknown kind, and for content that is gone", async () => {
  const app = await openApp();
  const gone = `sha256:${"0".repeat(64)}`;
  for (
    const fields of [{}, { kind: "blob" }, { kind: "manifest", digest: gone }, {
      kind: "tag",
      tag: "x",
      digest: gone,
    }]
  ) {
    const { status } = await app.browser.submit(`/r/${NAME}/-/delete`, fields);
    assertEquals(status, 404, JSON.stringify(fields));
  }
  assertEquals((await app.browser.open(`/r/${NAME}/-/delete?tag=nowhere`)).status, 404);
});

Deno.test("cancelUpload() ends an upload of any account", async () => {
  const app = await openApp();
  const upload = await startUpload(app.request, NAME);
  const chunk = await app.request(upload, { method: "PATCH", body: "part" });
  assertEquals(chunk.status, 202);
  const id = upload.split("/").at(-1)!;
  const { status, location } = await app.browser.submit("/admin/uploads/cancel", { id });
  assertEquals([status, location], [303, "/admin/uploads"]);
  assertEquals((await app.request(upload)).status, 404);
  assertEquals((await app.browser.submit("/admin/uploads/cancel", { id: "x" })).status, 404);
});

Deno.test("a registry without accounts takes changes only at localhost and IP addresses", async () => {
  const app = await openApp();
  const send = (host: string) => (path: string, init?: RequestInit) =>
    Promise.resolve(app.app.fetch(new Request(`http://${host}${path}`, init)));
  const fields = { kind: "tag", tag: "v1", digest: NEW.digest };
  for (const host of ["registry.example", "rebound.evil.example:5000", "localhost.evil.example"]) {
    const browser = new FormClient(send(host), `http://${host}`);
    assertEquals((await browser.submit(`/r/${NAME}/-/delete`, fields)).status, 403, host);
  }
  assertEquals(await digestOf(app, "v1"), NEW.digest);
  const local = new FormClient(send("127.0.0.1:8000"), "http://127.0.0.1:8000");
  assertEquals((await local.submit(`/r/${NAME}/-/delete`, fields)).status, 303);
});
