// Every page and form of the web UI for every kind of viewer.
import { assertEquals } from "@std/assert";
import { EMPTY, imageOf, pushBlob, pushManifest, startUpload } from "../harness/content.ts";
import { FormClient, type OpenedPage } from "../harness/form_client.ts";
import { ADMINISTRATOR, usersOf } from "../harness/secured.ts";
import { openSecuredApp, ROOT, type SecuredApp, URL_OF_APP } from "../harness/secured_app.ts";

const NAME = "team/app";
const ABSENT = "team/absent";
const [OLD, NEW] = [imageOf("old"), imageOf("new")];

/** Rights of each viewer in the repository. `root` is an administrator, and `token` has a bounded token. */
const RIGHTS = {
  anonymous: [],
  stranger: [],
  reader: ["pull"],
  token: ["pull"],
  writer: ["pull", "push"],
  mover: ["pull", "push", "overwrite"],
  remover: ["pull", "delete"],
  blind: ["push", "delete"],
  root: ["pull", "push", "overwrite", "delete", "administer"],
} as const satisfies Record<string, string[]>;

type Name = keyof typeof RIGHTS;

const NAMES = Object.keys(RIGHTS) as Name[];

/** A viewer: its rights, and a browser in which it is logged in. */
interface Viewer {
  name: Name;
  rights: readonly string[];
  browser: FormClient;
}

async function openApp(): Promise<SecuredApp> {
  const users = NAMES.filter((name) => name !== "anonymous" && name !== "root");
  const app = await openSecuredApp({
    users: await usersOf(...users),
    policies: [
      {
        repositories: ["team/**"],
        allow: users.filter((name) => RIGHTS[name].length > 0).map((name) => ({
          to: [`user:${name}`],
          // The token takes away what the user may do.
          actions: name === "token" ? ["pull", "push", "overwrite", "delete"] : [...RIGHTS[name]],
        })),
      },
    ],
  });
  const send = app.as(ROOT);
  await pushBlob(send, NAME, EMPTY);
  for (const image of [OLD, NEW]) await pushManifest(send, NAME, image, "v1");
  return app;
}

async function viewerOf(app: SecuredApp, name: Name): Promise<Viewer> {
  const browser = new FormClient(app.request, URL_OF_APP);
  if (name === "root") await browser.logIn(ADMINISTRATOR.username, ADMINISTRATOR.password);
  else if (name === "token") await browser.logIn(name, await tokenOf(app, name));
  else if (name !== "anonymous") await browser.logIn(name);
  assertEquals(browser.cookies.has("__Host-skerry-session"), name !== "anonymous", name);
  return { name, rights: RIGHTS[name], browser };
}

async function tokenOf(app: SecuredApp, user: string): Promise<string> {
  const created = await app.as(ROOT)("/v2/_skerry/tokens", {
    method: "POST",
    body: JSON.stringify({ user, grants: ["pull:team/**"] }),
  });
  return (await created.json()).secret;
}

function everyViewer(app: SecuredApp): Promise<Viewer[]> {
  return Promise.all(NAMES.map((name) => viewerOf(app, name)));
}

/** Status of a page that needs these rights. */
function statusFor({ rights }: Viewer, ...needed: string[]): number {
  if (!rights.includes("pull")) return 404;
  return needed.every((right) => rights.includes(right)) ? 200 : 403;
}

/** Pages below a repository, with the rights that they need besides `pull`. */
const REPOSITORY_PAGES: [path: string, needs: string[]][] = [
  ["", []],
  ["?q=v&sort=name", []],
  ["/-/at/v1", []],
  [`/-/at/${OLD.digest}`, []],
  [`/-/diff?from=${OLD.digest}&to=v1`, []],
  ["/-/history?tag=v1", []],
  [`/-/referrers/${NEW.digest}`, []],
  [`/-/move?tag=new&digest=${OLD.digest}`, ["push"]],
  [`/-/move?tag=v1&digest=${OLD.digest}`, ["push", "overwrite"]],
  ["/-/delete?tag=v1", ["delete"]],
  [`/-/delete?digest=${OLD.digest}`, ["delete"]],
  ["/-/delete", ["administer"]],
];

const ADMIN_PAGES = [
  "/admin",
  "/admin/storage",
  "/admin/quotas",
  "/admin/uploads",
  "/admin/collection",
  "/admin/retention",
  `/admin/retention?repository=${NAME}`,
  "/admin/policy",
  "/admin/webhooks",
  `/admin/policy?who=user:reader&action=pull&repository=${NAME}`,
];

/** Body of a page without the values that differ with its path and its request. */
function comparable({ text }: OpenedPage, name: string): string {
  return text.replace(/Request <code>[^<]*/, "").replaceAll(name, "NAME")
    .replaceAll(encodeURIComponent(name), "NAME");
}

Deno.test("each page of a repository shows itself to viewers with its rights, and to others looks absent", async () => {
  using app = await openApp();
  for (const viewer of await everyViewer(app)) {
    for (const [path, needs] of REPOSITORY_PAGES) {
      const where = `${path} for ${viewer.name}`;
      const page = await viewer.browser.open(`/r/${NAME}${path}`);
      assertEquals(page.status, statusFor(viewer, ...needs), where);
      assertEquals(page.response.headers.get("Cache-Control"), "private, no-store, no-transform", where);
      if (page.status !== 404) continue;
      const absent = await viewer.browser.open(`/r/${ABSENT}${path}`);
      assertEquals(comparable(page, NAME), comparable(absent, ABSENT), where);
    }
  }
});

Deno.test("lists and searches name a repository only to viewers that may pull from it", async () => {
  using app = await openApp();
  for (const { name, rights, browser } of await everyViewer(app)) {
    for (
      const path of ["/", "/?q=app", "/search?q=app", `/search?q=${NEW.digest.slice(0, 20)}`, "/search?q=v1"]
    ) {
      const { status, text } = await browser.open(path);
      assertEquals(
        [status, text.includes(NAME)],
        [200, rights.includes("pull" as never)],
        `${path} for ${name}`,
      );
    }
  }
});

Deno.test("pages of administrators are absent for all others, and the account's are for accounts", async () => {
  using app = await openApp();
  for (const { name, browser } of await everyViewer(app)) {
    for (const path of ADMIN_PAGES) {
      assertEquals((await browser.open(path)).status, name === "root" ? 200 : 404, `${path} for ${name}`);
    }
    const isAnonymous = name === "anonymous";
    assertEquals((await browser.open("/account")).status, isAnonymous ? 303 : 200, name);
    assertEquals((await browser.open("/login")).status, isAnonymous ? 200 : 303, name);
  }
});

/** State that a form could change. */
async function stateOf(app: SecuredApp, upload: string): Promise<unknown> {
  const send = app.as(ROOT);
  const digest = async (reference: string) =>
    (await send(`/v2/${NAME}/manifests/${reference}`, { method: "HEAD" })).headers.get(
      "Docker-Content-Digest",
    );
  const { tokens } = await (await send("/v2/_skerry/tokens")).json();
  return {
    tags: await Promise.all(["v1", "new"].map(digest)),
    manifests: await Promise.all([OLD.digest, NEW.digest].map(digest)),
    tokens: tokens.length,
    upload: (await send(upload, { method: "GET" })).status,
  };
}

type Fields = Record<string, string> & { kind?: string; tag?: string };

/** Forms, with the rights that they need besides `pull`; those of administrators, and of users with their password. */
const FORMS: [path: string, fields: Fields, needs: string[] | "administrator" | "user"][] = [
  [`/r/${NAME}/-/move`, { tag: "new", digest: OLD.digest, before: "" }, ["push"]],
  [`/r/${NAME}/-/move`, { tag: "v1", digest: OLD.digest, before: NEW.digest }, ["push", "overwrite"]],
  [`/r/${NAME}/-/delete`, { kind: "tag", tag: "v1", digest: NEW.digest }, ["delete"]],
  [`/r/${NAME}/-/delete`, { kind: "manifest", digest: NEW.digest }, ["delete"]],
  [`/r/${NAME}/-/delete`, { kind: "repository", confirm: NAME }, ["administer"]],
  ["/admin/uploads/cancel", { id: "" }, "administrator"],
  ["/account/tokens", { description: "x", days: "30", grants: "" }, "user"],
];

function expectedOf(viewer: Viewer, needs: (typeof FORMS)[number][2]): number {
  if (viewer.name === "anonymous") return 403;
  if (needs === "administrator") return viewer.name === "root" ? 303 : 404;
  if (needs === "user") return viewer.name === "token" ? 403 : 200;
  const status = statusFor(viewer, ...needs);
  return status === 200 ? 303 : status;
}

for (const [path, given, needs] of FORMS) {
  const name = `${path} ${(given.kind ?? given.tag ?? "").slice(0, 20)}`.trim();
  Deno.test(`a form changes something for viewers with its rights only: ${name}`, async () => {
    for (const viewerName of NAMES) {
      using app = await openApp();
      const upload = await startUpload(app.as(ROOT), NAME);
      await (await app.as(ROOT)(upload, { method: "PATCH", body: "part" })).body?.cancel();
      const viewer = await viewerOf(app, viewerName);
      const fields = "id" in given ? { id: upload.split("/").at(-1)! } : given;
      const before = await stateOf(app, upload);
      const audited = app.told.audit.length;
      const foreign = await viewer.browser.submit(path, fields, {
        "Sec-Fetch-Site": "cross-site",
        Origin: "https://evil.example",
      });
      assertEquals(
        [foreign.status, await stateOf(app, upload)],
        [403, before],
        `${viewerName}, another site`,
      );
      const { status } = await viewer.browser.submit(path, fields);
      assertEquals(status, expectedOf(viewer, needs), viewerName);
      const isDone = status === 200 || status === 303;
      assertEquals(JSON.stringify(await stateOf(app, upload)) !== JSON.stringify(before), isDone, viewerName);
      const events = app.told.audit.slice(audited);
      assertEquals(isDone, events.length > 0, viewerName);
      const principal = viewerName === "root" ? "root" : viewerName;
      for (const { who, address } of events) assertEquals([who, address], [`user:${principal}`, "192.0.2.1"]);
    }
  });
}

Deno.test("no page is for anything but a session: not for Authorization, and not for a token in the cookie", async () => {
  using app = await openApp();
  const token = await app.tokenFor(ROOT, `repository:${NAME}:*`);
  const send = async (headers: Record<string, string>) => {
    const response = await app.request(`/r/${NAME}`, { headers: { Accept: "text/html", ...headers } });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await send({ Authorization: ROOT }), 404);
  assertEquals(await send({ Authorization: token }), 404);
  assertEquals(await send({ Cookie: `__Host-skerry-session=${token.slice("Bearer ".length)}` }), 404);
});
