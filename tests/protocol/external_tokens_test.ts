// A registry with tokens of an external server, as CNCF distribution has it: only those tokens decide.
import { assertEquals } from "@std/assert";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { EMPTY, failureIn, imageOf, pushBlob, pushManifest } from "../harness/content.ts";
import { openBareApp } from "../harness/secured_app.ts";

Deno.test("tokens of an external server decide alone, and the registry says where to get them", async () => {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const keys = await Deno.makeTempFile();
  await Deno.writeTextFile(keys, JSON.stringify({ keys: [{ ...await exportJWK(publicKey), kid: "one" }] }));
  const realm = "https://auth.test/token";
  using app = await openBareApp({ external: { realm, issuer: "auth.test", service: "skerry", keys } });
  await Deno.remove(keys);
  const mint = async (access: unknown[], claims: Record<string, unknown> = {}) =>
    "Bearer " + await new SignJWT({ access, ...claims })
      .setProtectedHeader({ alg: "ES256", kid: "one" })
      .setIssuer("auth.test").setAudience("skerry").setSubject("alice").setExpirationTime("5m")
      .sign(privateKey);
  const scope = (name: string, ...actions: string[]) => ({ type: "repository", name, actions });

  const asked = await app.request("/v2/team/app/tags/list");
  assertEquals(
    asked.headers.get("WWW-Authenticate"),
    `Bearer realm="${realm}",service="skerry",scope="repository:team/app:pull"`,
  );
  assertEquals(await failureIn(asked), [401, "UNAUTHORIZED"]);

  const push = app.as(await mint([scope("team/app", "pull", "push")]));
  await pushBlob(push, "team/app", EMPTY);
  await pushManifest(push, "team/app", imageOf("one"), "latest");
  await pushManifest(push, "team/app", imageOf("two"), "latest"); // who pushes may move tags, too
  assertEquals((await failureIn(await push("/v2/other/tags/list")))[0], 401);
  assertEquals((await failureIn(await push("/v2/team/app/manifests/latest", { method: "DELETE" })))[0], 401);
  const all = app.as(await mint([scope("team/app", "*")]));
  assertEquals((await all("/v2/team/app/manifests/latest", { method: "DELETE" })).status, 202);

  const catalog = app.as(await mint([{ type: "registry", name: "catalog", actions: ["*"] }]));
  assertEquals((await (await catalog("/v2/_catalog")).json()).repositories, ["team/app"]);
  assertEquals((await failureIn(await catalog("/v2/team/app/tags/list")))[0], 401);

  const expired = await mint([scope("team/app", "pull")], { nbf: Math.floor(Date.now() / 1000) + 600 });
  assertEquals((await failureIn(await app.as(expired)("/v2/team/app/tags/list")))[0], 401);
  for (const path of ["/token", "/.well-known/jwks.json"]) {
    assertEquals((await failureIn(await app.request(path)))[0], 404, path);
  }
  const password = `Basic ${btoa("alice:secret")}`;
  assertEquals((await failureIn(await app.as(password)("/v2/")))[0], 401);
});
