// Every kind of request by everybody, with every way to show who they are, against the table of docs/access.md.
import { assert, assertEquals } from "@std/assert";
import { cached } from "../../cache/mod.ts";
import { ENDPOINTS, requirementOf } from "../../routes/testing/parts.ts";
import { readRequest } from "../../routes/testing/routes.ts";
import { EMPTY, imageOf, pushBlob, pushManifest, type Send, startUpload } from "../harness/content.ts";
import { OidcIssuer } from "../harness/oidc_issuer.ts";
import { basic, usersOf } from "../harness/secured.ts";
import { openSecuredApp, passwordOf, ROOT, type SecuredApp } from "../harness/secured_app.ts";

/** A row of the table: a kind of request, and what it needs. */
interface Row {
  methods: string[];
  path: string;
  kind: string;
  needs: string;
}

/** The table "What each request needs". */
async function readMatrix(): Promise<Row[]> {
  const text = await Deno.readTextFile(new URL("../../docs/access.md", import.meta.url));
  const section = text.split("\n## What each request needs\n")[1]?.split("\n## ")[0] ?? "";
  return section.split("\n").flatMap((line) => {
    const [, request, kind, needs] = /^\| (.+?) +\| (\w+) +\| (\w+) +\|$/.exec(line) ?? [];
    const [, methods, path] = /^([A-Z, ]+) `(.+)`$/.exec(request ?? "") ?? [];
    if (methods === undefined || path === undefined) return [];
    return [{ methods: methods.split(", "), path, kind: kind!, needs: needs! }];
  });
}

const MATRIX = await readMatrix();

const REPOSITORY = "team/app";
const IMAGE = imageOf("matrix");
const ID = "0123456789abcdef";

/** The target of a request for a path of the table. */
function targetOf(path: string, upload: string): string {
  return path
    .replace("<tag or digest>", "v1")
    .replace("?tag=<tag>", "?tag=v1")
    .replaceAll("<digest>", IMAGE.digest)
    .replace("from=<name>", `from=${REPOSITORY}`)
    .replaceAll("<name>", REPOSITORY)
    .replace("/uploads/<id>", `/uploads/${upload}`)
    .replace("/tokens/<id>", `/tokens/${ID}`)
    .replace("/dead-letters/<id>", `/dead-letters/0.${ID}.ci`)
    .replace("/admin/uploads/<id>", `/admin/uploads/${upload}`)
    .replaceAll("<tag or digest>", "v1")
    .replaceAll("<tag>", "v1")
    .replace("<account>", "user:puller")
    .replace("<action>", "pull")
    .replace("<boolean>", "true")
    .replace("<text>", "v1")
    .replace("<place>", "tag")
    .replace("<next>", "v1");
}

Deno.test("docs/access.md has every kind of request, with every method, and its required rights", async () => {
  const inTable = Object.entries(ENDPOINTS).flatMap(([kind, rows]) =>
    rows.map(([, methods, target]) => `${kind} ${methods} ${target.split("?")[0]}`)
  );
  const inPage = MATRIX.map(({ methods, path, kind }) =>
    `${kind} ${methods.join(", ")} ${path.split("?")[0]}`
  );
  assertEquals(new Set(inPage), new Set(inTable));
  for (const { methods, path, kind, needs } of MATRIX) {
    const target = targetOf(path, ID);
    for (const method of methods) {
      const { route } = await readRequest(method, target);
      assertEquals(route?.kind, kind, `${method} ${path}`);
      const needed = requirementOf(route!);
      assertEquals(needed.need === "right" ? needed.action : needed.need, needs, `${method} ${path}`);
    }
    const others = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].filter((method) =>
      MATRIX.every((row) => pathOf(row.path) !== pathOf(path) || !row.methods.includes(method))
    );
    for (const method of others) {
      const { route, status } = await readRequest(method, target);
      assertEquals([route, status], [undefined, 405], `${method} ${path}`);
    }
  }
});

/** Path without the query. Manifests have one path, with a tag or a digest. */
function pathOf(path: string): string {
  return path.split("?")[0]!.replace("<tag or digest>", "<digest>");
}

/** A caller, and the proof of its identity. */
interface Asker {
  name: string;
  /** `Authorization`, for these scopes; absent where they show nothing. */
  shown: (scope: string) => string | undefined | Promise<string | undefined>;
  /** More headers. */
  headers?: Record<string, string>;
  rights: string[];
  /** True if there is a name to them, and how they show it. */
  by: "nothing" | "token" | "bounded password" | "other" | "password";
}

/** Everybody that there is, by every way to show it. */
async function everybody(app: SecuredApp, issuer: OidcIssuer): Promise<Asker[]> {
  const robot = await secretOf(app, { robot: "ci" });
  const bounded = await secretOf(app, { user: "pusher", grants: ["pull:team/**"] });
  const workload = basic({ username: "any", password: await issuer.mint({ repository_id: "42" }) });
  const stranger = basic({ username: "any", password: await issuer.mint({ repository_id: "43" }) });
  const by = (name: string, authorization: string, rights: string[], kind: Asker["by"] = "password") => [
    { name, shown: () => authorization, rights, by: kind },
    {
      name: `${name}, with a token`,
      shown: (scope: string) => app.tokenFor(authorization, scope),
      rights,
      by: "token" as const,
    },
  ];
  const all = ["pull", "push", "overwrite", "delete", "administer"];
  return [
    { name: "nobody", shown: () => undefined, rights: [], by: "nothing" },
    {
      name: "nobody, with a token",
      shown: (scope) => app.tokenFor(undefined, scope),
      rights: [],
      by: "token",
    },
    ...by("a user with no rights", passwordOf("nobody"), []),
    ...by("a user who pulls", passwordOf("puller"), ["pull"]),
    ...by("a user who pushes", passwordOf("pusher"), ["pull", "push"]),
    ...by("a user who deletes", passwordOf("deleter"), ["delete"]),
    ...by("an administrator", ROOT, all),
    ...by("a robot that pushes", basic({ username: "ci", password: robot }), ["pull", "push"], "other"),
    ...by("a token for pulling", basic({ username: "pusher", password: bounded }), [
      "pull",
    ], "bounded password"),
    ...by("a workload", workload, ["pull", "push"], "other"),
    ...by("another workload", stranger, [], "other"),
    {
      name: "a certificate",
      shown: () => undefined,
      headers: { "X-Client-Name": "CN=build" },
      rights: ["pull"],
      by: "other",
    },
  ];
}

async function secretOf(app: SecuredApp, body: unknown): Promise<string> {
  const response = await app.as(ROOT)("/v2/_skerry/tokens", { method: "POST", body: JSON.stringify(body) });
  const text = await response.text();
  assertEquals(response.status, 201, text);
  return JSON.parse(text).secret;
}

/** Documented result: admitted, or the status of the refusal. */
function expected({ needs }: Row, { name, by, rights }: Asker): "admitted" | 401 | 403 {
  switch (needs) {
    case "nothing":
    case "login":
      return "admitted";
    case "credentials":
    case "catalog":
      return by === "nothing" ? 401 : "admitted";
    case "administrator":
      if (name === "an administrator") return "admitted";
      return by === "nothing" || by === "token" ? 401 : 403;
    case "account":
      if (by === "password") return "admitted";
      return by === "nothing" || by === "token" ? 401 : 403;
  }
  if (rights.includes(needs)) return "admitted";
  // For who has not said who they are it may be worth a try.
  return name.startsWith("nobody") ? 401 : 403;
}

Deno.test("CVE-2026-27771: every request of every account, with every kind of credential, is allowed or refused as docs/access.md says", async () => {
  await using issuer = await OidcIssuer.start({ audience: "skerry" });
  using app = await openSecuredApp({
    users: await usersOf("nobody", "puller", "pusher", "deleter"),
    issuers: [{ name: "test", issuer: issuer.url, audiences: ["skerry"] }],
    proxy: { trusted: ["192.0.2.0/24"], identityHeader: "X-Client-Name" },
    limits: { failedLogins: 0 },
    policies: [{
      repositories: ["team/**"],
      allow: [
        { to: ["user:puller", "certificate:CN=build"], actions: ["pull"] },
        { to: ["user:pusher", "robot:ci"], actions: ["pull", "push"] },
        { to: ["user:deleter"], actions: ["delete"] },
        { to: ["workload:test"], where: { repository_id: ["42"] }, actions: ["pull", "push"] },
      ],
    }],
  }, {
    // Every tier that a process can have in front of its stores; none of them may widen a right.
    wrap: cached,
    delivery: { delivery: "redirect", deliveryRules: [] },
    publicFace: {
      hosts: ["pull.test"],
      caching: { cdn: "standard", digestTtl: 86_400_000, tagTtl: 60_000 },
    },
  });
  const root = app.as(ROOT);
  const askers = await everybody(app, issuer);
  let count = 0;
  for (const row of MATRIX) {
    for (const asker of askers) {
      for (const method of row.methods) {
        const outcome = await ask(app, root, row, method, asker);
        const wanted = expected(row, asker);
        const what = `${method} ${row.path} by ${asker.name}`;
        assertEquals(outcome, wanted, what);
        count++;
      }
    }
  }
  assert(count > 800, `only ${count} requests`);
  assert(app.told.audit.length > 0);
});

/** Sends it on what is there, and tells whether it was let in: whatever a handler answers to it. */
async function ask(
  app: SecuredApp,
  root: Send,
  row: Row,
  method: string,
  asker: Asker,
): Promise<"admitted" | number> {
  await pushBlob(root, REPOSITORY, EMPTY);
  await pushManifest(root, REPOSITORY, IMAGE, "v1");
  const upload = (await startUpload(root, REPOSITORY)).split("/").at(-1)!;
  const scope = row.needs === "catalog"
    ? "registry:catalog:*"
    : `repository:${REPOSITORY}:pull,push,delete,*`;
  const authorization = await asker.shown(scope);
  const headers = new Headers(asker.headers);
  if (authorization !== undefined) headers.set("Authorization", authorization);
  const init: RequestInit = { method, headers };
  if (row.kind === "putManifest") {
    headers.set("Content-Type", IMAGE.mediaType);
    init.body = IMAGE.bytes;
  }
  const response = await app.request(targetOf(row.path, upload), init);
  await response.body?.cancel();
  // No cache stores the answer to a write. Of the others only the key set is the same for every caller.
  const caching = response.headers.get("Cache-Control") ?? "";
  const isRead = method === "GET" || method === "HEAD";
  if (isRead) assertEquals(/\bno-store\b/.test(caching), row.kind !== "getJwks", `${row.path}: ${caching}`);
  await root(`/v2/${REPOSITORY}/blobs/uploads/${upload}`, { method: "DELETE" });
  // `/token` itself refuses a caller without an account.
  const isRefused = response.status === 401 || response.status === 403;
  return isRefused && row.needs !== "login" ? response.status : "admitted";
}
