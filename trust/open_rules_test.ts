import { assertEquals, assertRejects } from "@std/assert";
import { generateKeyPairSync } from "node:crypto";
import { TrustError } from "./open_rules.ts";
import { rulesOf } from "./testing/rules.ts";
import { pair } from "./testing/sigstore_instance.ts";

Deno.test("openRules() reads keys, certificates and trusted roots from files", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(
      file,
      pair("P-384").publicKey.export({ format: "pem", type: "spki" }).toString(),
    );
    const [rule] = await rulesOf({ keys: { release: file } });
    assertEquals(rule!.keys.map(({ name }) => name), ["release"]);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("openRules() names the rule and the reason", async () => {
  const { privateKey } = pair("P-256");
  const secret = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey;
  const cases: [Parameters<typeof rulesOf>[0], string][] = [
    [{ keys: { release: "/no/such/file" } }, 'Cannot use the rule "rule-1": Cannot read "/no/such/file"'],
    [{ keys: { release: secret } }, 'Key "release" is not a public key in PEM'],
    [{ keys: { release: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----" } }, "malformed"],
    [{ keys: { weak: weak.export({ format: "pem", type: "spki" }).toString() } }, "fewer than 2048 bits"],
    [
      { keys: { x: pair("secp256k1").publicKey.export({ format: "pem", type: "spki" }).toString() } },
      "not supported",
    ],
    [{ identities: [{ issuer: "a", subject: "b", trustedRoot: "{}" }] }, "no certificate authorities"],
    [{ identities: [{ issuer: "a", subject: "b", trustedRoot: "{" }] }, "Trusted root is not"],
    [{ notation: [{ certificates: "-----BEGIN NOTHING-----", subjects: [] }] }, "no certificate"],
  ];
  for (const [rule, message] of cases) await assertRejects(() => rulesOf(rule), TrustError, message);
});
