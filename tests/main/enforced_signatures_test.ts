import { assertEquals, assertMatch } from "@std/assert";
import { failureIn, pushImage, type Send } from "../harness/content.ts";
import { startRegistry } from "../harness/registry_process.ts";
import { KeySigner } from "../../trust/testing/signed_images.ts";

Deno.test("an unsigned image that no client may pull has its page, which tells the rule", async () => {
  const signer = new KeySigner();
  const rule = {
    name: "release",
    repositories: ["**"],
    keys: { release: signer.pem },
    mode: "enforce",
    enforce: ["pull"],
  };
  await using registry = await startRegistry({ env: { SKERRY_VERIFY: JSON.stringify([rule]) } });
  const send: Send = (path, init) => fetch(`${registry.url}${path}`, init);
  await pushImage(send, "team/app", "latest");

  const [status, code] = await failureIn(await send("/v2/team/app/manifests/latest"));
  assertEquals([status, code], [403, "DENIED"]);
  const page = await send("/r/team/app/-/at/latest", { headers: { Accept: "text/html" } });
  assertEquals(page.status, 200);
  assertMatch(await page.text(), /Rule[^]*release[^]*not met/i);
  const answer = await send("/v2/team/app/_skerry/manifests/latest");
  assertEquals(answer.status, 200);
  const { digest } = await answer.json();
  const signatures = await (await send(`/v2/team/app/_skerry/signatures/${digest}`)).json();
  assertEquals(signatures.rules.map(({ name, met }: { name: string; met: boolean }) => [name, met]), [
    ["release", false],
  ]);
});
