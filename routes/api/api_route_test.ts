import { assert, assertEquals } from "@std/assert";
import { Validator } from "npm:@seriousme/openapi-schema-validator@2.11.0";
import * as answers from "../../api/schemas/mod.ts";
import { checked } from "../../api/testing/fixture.ts";
import { buildApp, fakeApp } from "../../tests/harness/app.ts";
import { EMPTY, failureIn, imageOf, pushBlob, pushManifest } from "../../tests/harness/content.ts";
import { usersOf } from "../../tests/harness/secured.ts";
import { openSecuredApp, passwordOf, ROOT } from "../../tests/harness/secured_app.ts";
import { type Endpoint, ENDPOINTS } from "../endpoints.ts";

const IMAGE = imageOf("one");
const OTHER = imageOf("two");
const SBOM = imageOf("sbom", {
  artifactType: "application/spdx+json",
  subject: { mediaType: IMAGE.mediaType, digest: IMAGE.digest, size: IMAGE.size },
});

/** A registry with accounts, two images with a tag each, and an SBOM. */
async function openFilled() {
  const app = await openSecuredApp({
    users: await usersOf("puller", "nobody"),
    policies: [{ repositories: ["team/**"], allow: [{ to: ["user:puller"], actions: ["pull"] }] }],
  });
  const root = app.as(ROOT);
  await pushBlob(root, "team/app", EMPTY);
  for (const [image, tag] of [[IMAGE, "v1"], [OTHER, "v2"], [SBOM, "sbom"]] as const) {
    await pushManifest(root, "team/app", image, tag);
  }
  return { app, root, puller: app.as(passwordOf("puller")) };
}

Deno.test("every read of the API answers by its schema", async () => {
  const { app, root } = await openFilled();
  using _ = app;
  const paths = {
    "me": answers.meSchema,
    "repositories?q=app": answers.repositoryListSchema,
    "search?q=v1&place=tag&place=digest": answers.searchResultSchema,
    "admin/tokens": answers.accountTokenListSchema,
    "admin/uploads": answers.openUploadListSchema,
    "admin/events": answers.waitingEventListSchema,
    "admin/dead-letters?n=2": answers.deadLetterListSchema,
    "admin/quotas": answers.quotaListSchema,
    "admin/storage": answers.storageListSchema,
    "admin/collection": answers.collectionPreviewSchema,
    "admin/retention?repository=team/app": answers.retentionPreviewSchema,
    "admin/explain?who=user:puller&action=push&repository=team/app": answers.explanationSchema,
    "admin/status": answers.statusSchema,
  };
  const inRepository = {
    "repository": answers.repositorySchema,
    "tags?sort=newest&n=2": answers.tagListSchema,
    "manifests/v1?from=0": answers.manifestViewSchema,
    [`manifests/${OTHER.digest}`]: answers.manifestViewSchema,
    "history/v1": answers.tagHistorySchema,
    "diff?from=v1&to=v2": answers.diffSchema,
    [`referrers/${IMAGE.digest}`]: answers.referrerListSchema,
    [`contents/${SBOM.digest}`]: answers.referrerViewSchema,
    [`signatures/${IMAGE.digest}`]: answers.signatureReportSchema,
  };
  const rows = [
    ...Object.entries(paths).map(([path, schema]) => [`/v2/_skerry/${path}`, schema] as const),
    ...Object.entries(inRepository).map(([path, schema]) =>
      [`/v2/team/app/_skerry/${path}`, schema] as const
    ),
  ];
  for (const [path, schema] of rows) {
    const response = await root(path);
    const text = await response.text();
    assertEquals(response.status, 200, `${path}: ${text}`);
    assertEquals(response.headers.get("Cache-Control"), "private, no-store, no-transform");
    checked(schema, JSON.parse(text));
    const head = await root(path, { method: "HEAD" });
    assertEquals([head.status, await head.text()], [200, ""], path);
  }
});

Deno.test("changes through the API need their rights and conditions, and are audited", async () => {
  const { app, root, puller } = await openFilled();
  using _ = app;
  const change = async (send: typeof root, method: string, path: string, headers = {}) => {
    const response = await send(`/v2/team/app/_skerry/${path}`, { method, headers });
    return response.ok ? await response.json() : await failureIn(response);
  };
  const move = `tag/v1?digest=${OTHER.digest}`;
  assertEquals(await change(puller, "PUT", move), [403, "DENIED"]);
  assertEquals(await change(root, "PUT", move, { "If-Match": `"${OTHER.digest}"` }), [412, "DENIED"]);
  checked(answers.tagChangeSchema, await change(root, "PUT", `${move}&dryRun=true`));
  const before = app.told.audit.length;
  const moved = checked(
    answers.tagChangeSchema,
    await change(root, "PUT", move, { "If-Match": `"${IMAGE.digest}"` }),
  );
  assertEquals([moved.before, moved.after, moved.dryRun], [IMAGE.digest, OTHER.digest, false]);
  assertEquals(app.told.audit.slice(before).map(({ action, who }) => [action, who]), [
    ["manifest.push", "user:root"],
    ["tag.move", "user:root"],
  ]);
  assertEquals(await change(puller, "DELETE", "tag/v1"), [403, "DENIED"]);
  checked(answers.tagDeletionSchema, await change(root, "DELETE", "tag/v1"));
  assertEquals(await change(root, "DELETE", "tag/v1"), [404, "MANIFEST_UNKNOWN"]);
  assertEquals(app.told.audit.at(-1)!.action, "tag.delete");
  const deletion = checked(
    answers.manifestDeletionSchema,
    await change(root, "DELETE", `manifests/${OTHER.digest}`),
  );
  assertEquals([deletion.dryRun, deletion.tags.items], [false, ["v2"]]);
  checked(answers.repositoryDeletionSchema, await change(root, "DELETE", "repository?dryRun=true"));
  assertEquals((await root("/v2/team/app/_skerry/repository")).status, 200);
});

Deno.test("the API refuses malformed parameters with 400, and unknown paths with 404", async () => {
  const { app, root } = await openFilled();
  using _ = app;
  const digest = IMAGE.digest;
  for (
    const path of [
      "/v2/_skerry/repositories?n=x",
      `/v2/_skerry/repositories?last=${"a".repeat(1025)}`,
      "/v2/_skerry/search",
      `/v2/_skerry/search?q=${"a".repeat(257)}`,
      "/v2/_skerry/search?q=a&place=nowhere",
      "/v2/_skerry/search?q=a&repository=A",
      "/v2/_skerry/search?q=a&last=x",
      "/v2/_skerry/admin/retention",
      "/v2/_skerry/admin/explain?who=user:a&action=fly&repository=a",
      "/v2/_skerry/admin/explain?who=nobody&action=pull&repository=a",
      "/v2/_skerry/admin/explain?who=user:a&action=pull&repository=a&claim=x",
      "/v2/team/app/_skerry/tags?sort=size",
      "/v2/team/app/_skerry/manifests/v1?from=-1",
      "/v2/team/app/_skerry/diff?from=v1",
      "/v2/team/app/_skerry/diff?from=v1&to=v2&fromRepository=A",
      `/v2/team/app/_skerry/referrers/${digest}?last=x`,
    ]
  ) {
    const response = await root(path);
    assertEquals(response.status, 400, `${path}: ${await response.text()}`);
  }
  for (
    const path of [
      "/v2/_skerry/",
      "/v2/_skerry/none",
      "/v2/_skerry/admin",
      "/v2/a/_skerry/none",
      "/v2/_skerry/me/",
    ]
  ) {
    const response = await root(path);
    assertEquals(response.status, 404, `${path}: ${await response.text()}`);
  }
  const put = (query: string) => root(`/v2/team/app/_skerry/tag/v1${query}`, { method: "PUT" });
  for (const query of ["", "?digest=x", `?digest=${digest}&dryRun=maybe`]) {
    const response = await put(query);
    assertEquals(response.status, 400, await response.text());
  }
  const post = await root("/v2/_skerry/me", { method: "POST" });
  assertEquals([post.status, post.headers.get("Allow")], [405, "GET, HEAD"]);
  await post.body?.cancel();
});

Deno.test("the API answers for a hidden repository as for one that does not exist", async () => {
  const { app, root, puller } = await openFilled();
  using _ = app;
  await pushBlob(root, "secret/app", EMPTY);
  await pushManifest(root, "secret/app", imageOf("secret"), "v1");
  const shown = async (path: string) => {
    const response = await puller(path);
    return [response.status, (await response.text()).replaceAll("secret/none", "secret/app")];
  };
  for (const path of ["repository", "tags", "manifests/v1", "history/v1", "diff?from=v1&to=v1"]) {
    const [status, text] = await shown(`/v2/secret/app/_skerry/${path}`);
    assertEquals([status, text], await shown(`/v2/secret/none/_skerry/${path}`), path);
    assertEquals(status, 403);
  }
  const across = (name: string) => shown(`/v2/team/app/_skerry/diff?from=v1&to=v1&fromRepository=${name}`);
  assertEquals(await across("secret/app"), await across("secret/none"));
  for (
    const path of ["repositories", "search?q=secret", "search?q=app&place=annotation&place=tag&place=package"]
  ) {
    const [, text] = await shown(`/v2/_skerry/${path}`);
    assert(!`${text}`.replace(/"query":"[^"]*"/, "").includes("secret"), `${text}`);
  }
});

Deno.test("the OpenAPI document is valid, and has every request of the API", async () => {
  const response = await buildApp().request("/v2/_skerry/openapi.json");
  const document = await response.json();
  const { valid, errors } = await new Validator().validate(document);
  assertEquals([valid, errors], [true, undefined]);
  const described = Object.entries<Record<string, { operationId: string }>>(document.paths)
    .flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, { operationId }]) => `${operationId} ${method} ${path}`)
    );
  const rows = Object.entries(ENDPOINTS).flatMap(([kind, rows]: [string, readonly Endpoint[]]) =>
    rows.filter(([, , target]) => /_skerry\/(?!tokens)/.test(target) && !/tags\/history/.test(target))
      .map(([, methods, target]) => {
        const path = target.split("?")[0]!.replaceAll("<tag or digest>", "<reference>").replace(
          /<(\w+)>/g,
          "{$1}",
        );
        return `${kind} ${methods.split(", ")[0]!.toLowerCase()} ${path}`;
      })
  );
  assertEquals(
    described.sort(),
    [...new Set(rows)].filter((row) => !row.startsWith("deleteRepository")).sort(),
  );
  const text = JSON.stringify(document);
  for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    assert(document.components.schemas[name!] !== undefined, name);
  }
});

Deno.test("an app without the API answers 404 for its paths", async () => {
  const { request } = fakeApp({});
  for (const path of ["/v2/_skerry/me", "/v2/_skerry/openapi.json", "/v2/a/_skerry/tags"]) {
    assertEquals((await request(path)).status, 404);
  }
});
