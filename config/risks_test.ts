import { assertEquals } from "@std/assert";
import { risksOf } from "./risks.ts";
import { readSettings } from "./environment.ts";

Deno.test("risksOf() warns of content that ends with the process, and of access without a login", () => {
  const risksWith = (environment: Record<string, string>) => risksOf(readSettings(environment)!);
  assertEquals(risksWith({}), []);
  assertEquals(risksWith({ HOST: "127.0.0.2" }), []);
  assertEquals(risksWith({ HOST: "0.0.0.0", SKERRY_READ_ONLY: "on" }), []);
  assertEquals(risksWith({ HOST: "0.0.0.0" }), [
    "Authentication is off: anyone who can reach 0.0.0.0 can push and delete (docs/access.md)",
  ]);
  assertEquals(risksWith({ SKERRY_S3_BUCKET: "layers" }), [
    'The bucket and the table are not used: SKERRY_STORAGE is "folder"',
  ]);
  assertEquals(risksWith({ SKERRY_DELIVERY: "auto" }), [
    'Blobs are not redirected, because SKERRY_STORAGE is "folder": the registry sends their bytes itself',
  ]);
  assertEquals(risksWith({ DENO_DEPLOY: "1" }), [
    "Content is stored only in memory and is lost when this process ends",
    "Authentication is off: anyone who can reach 0.0.0.0 can push and delete (docs/access.md)",
  ]);
});

Deno.test("risksOf() warns of rules that cannot redirect", () => {
  const config = readSettings({})!;
  const withRule = (delivery: "proxy" | "redirect") =>
    risksOf({ ...config, deliveryRules: [{ repositories: ["**"], delivery }] }).length;
  assertEquals([withRule("proxy"), withRule("redirect")], [0, 1]);
});
