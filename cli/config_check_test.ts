import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError, parseText } from "../config/config.ts";
import { StartError } from "../config/mod.ts";
import { configCheck } from "./config_check.ts";
import { withFolder } from "./testing/mod.ts";

const HASH = `$2b$10$${"a".repeat(53)}`;

/** The exit code, the lines and the warnings of a check. */
async function check(environment: Record<string, string>) {
  const [lines, warnings]: [string[], string[]] = [[], []];
  const code = await configCheck((line) => lines.push(line), environment, (line) => warnings.push(line));
  return { code, lines, warnings };
}

Deno.test("configCheck() prints every setting with its source, without secrets, as a configuration file", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/skerry.yaml`;
    const written = `{ url: https://registry.test, users: { alice: "${HASH}" } }`;
    await Deno.writeTextFile(path, `grace: 12h\ndata: content\nauth: ${written}\n`);
    const deliveryRules = [{ repositories: ["web/**"], delivery: "proxy" }];
    const retention = [{ repositories: ["**"], untaggedFor: "1h" }];
    const { code, lines, warnings } = await check({
      SKERRY_CONFIG: path,
      PORT: "9000",
      SKERRY_RETENTION: JSON.stringify(retention),
      SKERRY_DELIVERY_RULES: JSON.stringify(deliveryRules),
    });
    assertEquals([code, warnings], [0, []]);
    const text = lines.join("\n");
    for (
      const line of [
        /^port: "9000" +# PORT$/m,
        /^deadline: 1m +# default$/m,
        /^grace: 12h +# .*skerry\.yaml$/m,
      ]
    ) {
      assert(line.test(text), text);
    }
    assert(!text.includes("$2b$"), text);
    const { value } = await parseText(text) as { value: Record<string, unknown> };
    assertEquals(value.data, `${folder}/content`);
    assertEquals(value.auth, { url: "https://registry.test", users: { alice: "(hash)" } });
    assertEquals(value.retention, retention);
    assertEquals(value.deliveryRules, deliveryRules);
    await Deno.writeTextFile(path, `auth: { url: https://registry.test, keys: '{"keys": []}' }\n`);
    await assertRejects(() => check({ SKERRY_CONFIG: path }), StartError, "it has no private key");
  });
});

Deno.test("configCheck() shows no private key for CloudFront", async () => {
  const environment = {
    SKERRY_REDIRECT_ENDPOINT: "https://d1.cloudfront.net",
    SKERRY_REDIRECT_KEY_PAIR_ID: "K2",
    SKERRY_REDIRECT_KEY: "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----",
  };
  const text = (await check(environment)).lines.join("\n");
  assert(/^redirectKey: \(secret\) +# SKERRY_REDIRECT_KEY$/m.test(text), text);
  assert(!text.includes("abc"), text);
});

Deno.test("configCheck() warns of risks, and throws an error that would stop a start", async () => {
  const { warnings } = await check({ HOST: "0.0.0.0" });
  assertEquals(warnings.length, 1);
  await assertRejects(() => check({ SKERRY_GRACE: "soon" }), ConfigError, "grace (SKERRY_GRACE): Expected");
  const auth = "{ url: https://registry.test, htpasswd: /nowhere/htpasswd }";
  await assertRejects(() => check({ SKERRY_AUTH: auth }), StartError, 'Cannot read "/nowhere/htpasswd"');
});

Deno.test("configCheck() prints read replicas without their secret keys", async () => {
  const replica = { region: "auto", bucket: "copy", s3Endpoint: "https://r2.test", accessKeyId: "key" };
  const { code, lines } = await check({
    SKERRY_STORAGE: "aws",
    SKERRY_S3_BUCKET: "layers",
    SKERRY_DYNAMODB_TABLE: "items",
    AWS_REGION: "eu-central-1",
    SKERRY_READ_REPLICAS: JSON.stringify([{ ...replica, secretAccessKey: "hidden" }]),
  });
  assertEquals(code, 0);
  const { value } = await parseText(lines.join("\n")) as { value: Record<string, unknown> };
  assertEquals(value.readReplicas, [{ ...replica, secretAccessKey: "(secret)" }]);
});
