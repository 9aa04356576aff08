// A process with a public host.
import { assertEquals } from "@std/assert";
import { EMPTY, imageOf, pushBlob, pushManifest, type Send } from "../harness/content.ts";
import { ADMINISTRATOR, basic, startSecured } from "../harness/secured.ts";

Deno.test("main.ts serves the public face at the hosts of SKERRY_PUBLIC, and the main one at all others", async () => {
  const policies = [{ repositories: ["public/**"], allow: [{ to: ["anonymous"], actions: ["pull"] }] }];
  await using registry = await startSecured({ policies }, { SKERRY_PUBLIC: '{"hosts": ["localhost"]}' });
  const root: Send = (path, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("Authorization", basic(ADMINISTRATOR));
    return fetch(`${registry.url}${path}`, { ...init, headers });
  };
  for (const repository of ["public/app", "team/app"]) {
    await pushBlob(root, repository, EMPTY);
    await pushManifest(root, repository, imageOf(repository), "latest");
  }
  const statusOf = async (host: string, path: string) => {
    const response = await fetch(`http://${host}:${registry.port}${path}`);
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await statusOf("localhost", "/v2/"), 200);
  assertEquals(await statusOf("127.0.0.1", "/v2/"), 401);
  assertEquals(await statusOf("localhost", "/v2/public/app/manifests/latest"), 200);
  assertEquals(await statusOf("localhost", "/v2/team/app/manifests/latest"), 404);
  assertEquals(await statusOf("127.0.0.1", "/v2/team/app/manifests/latest"), 401);
  assertEquals(await statusOf("localhost", "/livez"), 404);
  assertEquals(await statusOf("127.0.0.1", "/livez"), 200);
});
