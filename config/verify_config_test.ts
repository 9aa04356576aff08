import { assertEquals } from "@std/assert";
import { dirname, join } from "node:path";
import { loadConfig } from "./config.ts";
import { problemsOf, withFile } from "./testing/load_config.ts";
import { verifyFiles } from "./verify_config.ts";

const RULE = { name: "production", repositories: ["prod/**"], keys: { release: "release.pub" } };

/** The problem of these rules, as the variable has them. */
async function problemOf(...rules: unknown[]): Promise<string | undefined> {
  return (await problemsOf({ SKERRY_VERIFY: JSON.stringify(rules) }))[0];
}

Deno.test("loadConfig() reads the rules of signatures with defaults", async () => {
  assertEquals((await loadConfig({})).verify, []);
  assertEquals((await loadConfig({ SKERRY_VERIFY: JSON.stringify([RULE]) })).verify, [{
    ...RULE,
    mode: "audit",
    enforce: ["pull", "tag"],
    exempt: [],
    predicateTypes: [],
    identities: [],
    notation: [],
  }]);
});

Deno.test("loadConfig() reads paths relative to the file, and leaves PEM and JSON alone", async () => {
  const content = `
verify:
  - name: production
    repositories: ["prod/**"]
    mode: enforce
    enforce: [tag]
    keys:
      release: keys/release.pub
      inline: |
        -----BEGIN PUBLIC KEY-----
    identities:
      - { issuer: "https://a", subject: "*", trustedRoot: root.json }
      - { issuer: "https://a", subject: "*", trustedRoot: "{}" }
    notation:
      - { certificates: /etc/ca.pem, subjects: ["O=Example"] }
`;
  await withFile(content, async (path) => {
    const { verify } = await loadConfig({ SKERRY_CONFIG: path });
    const folder = dirname(path);
    assertEquals(verifyFiles(verify), [
      join(folder, "keys/release.pub"),
      join(folder, "root.json"),
      "/etc/ca.pem",
    ]);
    assertEquals(verify[0]!.keys.inline, "-----BEGIN PUBLIC KEY-----\n");
    assertEquals(verify[0]!.identities[1]!.trustedRoot, "{}");
    assertEquals([verify[0]!.mode, verify[0]!.enforce], ["enforce", ["tag"]]);
  });
});

Deno.test("loadConfig() refuses rules that cannot mean anything, and names the place", async () => {
  const cases: [rule: unknown, problem: string][] = [
    [{ ...RULE, name: "" }, 'verify[0].name (SKERRY_VERIFY): Expected a name such as "production", got ""'],
    [
      { ...RULE, keys: {} },
      "verify[0] (SKERRY_VERIFY): Expected at least one of keys, identities and notation",
    ],
    [{ ...RULE, mode: "on" }, 'verify[0].mode (SKERRY_VERIFY): Expected "audit" or "enforce", got "on"'],
    [{ ...RULE, enforce: [] }, "verify[0].enforce (SKERRY_VERIFY): Expected a list of pull and tag, got []"],
    [
      { ...RULE, enforce: ["push"] },
      'verify[0].enforce[0] (SKERRY_VERIFY): Expected "pull" or "tag", got "push"',
    ],
    [{ ...RULE, repositories: [] }, "verify[0].repositories (SKERRY_VERIFY): Expected at least one pattern"],
    [{ ...RULE, key: "a" }, "verify[0].key (SKERRY_VERIFY): No such setting"],
    [
      { ...RULE, identities: [{ issuer: "a", subject: "b" }] },
      "verify[0].identities[0].trustedRoot (SKERRY_VERIFY): Expected the path of a trusted root, or its JSON, got nothing",
    ],
  ];
  for (const [rule, problem] of cases) assertEquals(await problemOf(rule), problem);
  assertEquals(
    await problemOf(RULE, RULE),
    'verify[1].name (SKERRY_VERIFY): Two rules have the name "production"',
  );
});
