import { assertEquals, assertRejects } from "@std/assert";
import { StartError } from "../../../config/mod.ts";
import { RegistryError } from "../../../oci/mod.ts";
import { digest, utf8 } from "../../../tests/harness/stores.ts";
import { readRepository, readTagged } from "../reference.ts";
import type { BoundApi } from "../source.ts";
import { apiOf } from "./client.ts";
import { Session } from "./session.ts";

const NAME = readRepository("team/app");

/** Runs a test with the API at a server that answers every request but that of the login. */
async function withServer(
  answer: (request: Request, url: URL) => Response,
  test: (api: BoundApi) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const url = new URL(request.url);
    return url.pathname === "/v2/" ? new Response() : answer(request, url);
  });
  try {
    await test(apiOf(new Session(new URL(`http://127.0.0.1:${server.addr.port}`))));
  } finally {
    await server.shutdown();
  }
}

Deno.test("apiOf() accepts further members of an answer, and refuses a wrong one", async () => {
  const tags = { count: 0, more: false };
  const repository = { name: "team/app", createdAt: "2026-01-02T03:04:05.678Z", tags, later: [1] };
  let sent: unknown = { repositories: [repository] };
  await withServer(() => Response.json(sent), async (api) => {
    assertEquals(await api.listRepositories() as unknown, sent);
    sent = { repositories: [{ ...repository, tags: 5 }] };
    await assertRejects(
      () => api.listRepositories(),
      StartError,
      'unexpected value at "repositories.0.tags"',
    );
    sent = [];
    await assertRejects(() => api.status(), StartError, "Cannot read the answer of the registry");
  });
});

Deno.test("apiOf() throws the error of the registry, and tells another server from it", async () => {
  let response = () =>
    Response.json({ errors: [{ code: "DENIED", message: "Access denied" }] }, { status: 403 });
  await withServer(() => response(), async (api) => {
    const error = await assertRejects(() => api.getRepository(NAME), RegistryError, "Access denied");
    assertEquals([error.code, error.status], ["DENIED", 403]);
    response = () => new Response("404 page not found", { status: 404 });
    await assertRejects(
      () => api.getRepository(NAME),
      StartError,
      "it answered 404, and not as a Skerry registry",
    );
    response = () => Response.json({ errors: [] }, { status: 502 });
    await assertRejects(() => api.getRepository(NAME), StartError, "it answered 502");
  });
});

Deno.test("apiOf() sends the digest, the condition and the dry run of a move", async () => {
  const [before, after] = [digest(utf8("a")), digest(utf8("b"))];
  const seen: string[] = [];
  const change = { name: "team/app", tag: "v1", dryRun: true, before, after };
  await withServer((request, { pathname, search }) => {
    seen.push(
      `${request.method} ${pathname}${decodeURIComponent(search)} ${request.headers.get("If-Match")}`,
    );
    return Response.json(change);
  }, async (api) => {
    const { repository, tag } = readTagged("team/app:v1");
    const options = { dryRun: true, condition: { ifMatch: [before] } };
    assertEquals(await api.moveTag(repository, tag, after, options) as unknown, change);
  });
  assertEquals(seen, [`PUT /v2/team/app/_skerry/tag/v1?digest=${after}&dryRun=true "${before}"`]);
});
