import { assertEquals } from "@std/assert";
import { dirname } from "node:path";
import { s3Options } from "./aws_options.ts";
import { loadConfig } from "./config.ts";
import { problemsOf, withFile } from "./testing/load_config.ts";

const RULES = [
  { repositories: ["web/**", "air-gapped/*"], delivery: "proxy" as const },
  { repositories: ["models/**"], delivery: "redirect" as const },
];

Deno.test("loadConfig() reads the delivery by repository from a file and from the environment", async () => {
  const file = "delivery: auto\ndeliveryRules:\n" +
    "  - { repositories: [web/**, air-gapped/*], delivery: proxy }\n" +
    "  - { repositories: [models/**], delivery: redirect }\n";
  await withFile(file, async (path) => {
    const { delivery, deliveryRules } = await loadConfig({ SKERRY_CONFIG: path });
    assertEquals([delivery, deliveryRules], ["auto", RULES]);
  });
  const { deliveryRules } = await loadConfig({ SKERRY_DELIVERY_RULES: JSON.stringify(RULES) });
  assertEquals(deliveryRules, RULES);
});

Deno.test("loadConfig() explains invalid rules of delivery", async () => {
  const rules = [{ repositories: [], delivery: "proxy" }, { repositories: ["a"], delivery: "cdn" }];
  assertEquals(await problemsOf({ SKERRY_DELIVERY_RULES: JSON.stringify(rules) }), [
    "deliveryRules[0].repositories (SKERRY_DELIVERY_RULES): Expected at least one pattern",
    'deliveryRules[1].delivery (SKERRY_DELIVERY_RULES): Expected one of "proxy", "redirect", "auto", got "cdn"',
  ]);
  assertEquals(await problemsOf({ SKERRY_DELIVERY_RULES: "proxy" }), [
    'deliveryRules (SKERRY_DELIVERY_RULES): Expected rules in JSON, got "proxy"',
  ]);
});

Deno.test("s3Options() has the address and the lifetime of redirects", async () => {
  const config = await loadConfig({
    SKERRY_REDIRECT_ENDPOINT: "https://objects.example.com/",
    SKERRY_REDIRECT_LIFETIME: "10m",
  });
  const { publicEndpoint, urlLifetime } = s3Options(config);
  assertEquals([publicEndpoint, urlLifetime], ["https://objects.example.com", 600_000]);
});

Deno.test("loadConfig() takes the key for CloudFront as text or as a path beside the file", async () => {
  const pem = "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n";
  for (const redirectKey of ["keys/cloudfront.pem", pem]) {
    const settings = { redirectEndpoint: "https://d1.cloudfront.net", redirectKeyPairId: "K2", redirectKey };
    await withFile(JSON.stringify(settings), async (path) => {
      const config = await loadConfig({ SKERRY_CONFIG: path });
      assertEquals(config.redirectKey, redirectKey === pem ? pem : `${dirname(path)}/${redirectKey}`);
    });
  }
});
