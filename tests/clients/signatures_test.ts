/** Signatures of real clients, and clients that are refused for want of one. */
import { assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import type { Digest, RepositoryName } from "../../oci/mod.ts";
import { IDENTITY, ISSUER, SigstoreInstance } from "../../trust/testing/sigstore_instance.ts";
import { statementAbout } from "../../trust/testing/signed_images.ts";
import type { SignatureReport } from "../../trust/interface.ts";
import { startSecured, usersOf } from "../harness/secured.ts";
import { basic } from "../harness/secured.ts";
import type { RegistryProcess } from "../harness/registry_process.ts";
import { type Image, multiArchIndex, smallImage } from "../images/mod.ts";
import { manifestOf, type Place, seed } from "./served.ts";
import { assertNoTrouble, openWorkbench, type Workbench } from "./workbench.ts";

/** Signs: may pull without a signature. */
const SIGNER = { username: "signer", password: "signer's password" };

/** Deploys: may not. */
const DEPLOYER = { username: "deployer", password: "deployer's password" };

const POLICIES = [{
  repositories: ["**"],
  allow: [{ to: ["user:signer", "user:deployer"], actions: ["pull", "push", "overwrite"] }],
}];

/** Parts of a rule that are the same in each test. */
const ENFORCED = {
  name: "production",
  repositories: ["prod/**"],
  mode: "enforce",
  exempt: ["user:signer"],
};

/** A registry with a rule, and clients. `logins` are the options of cosign, crane and oras. */
async function openSigned(rule: Record<string, unknown>) {
  await using stack = new AsyncDisposableStack();
  const registry = stack.use(
    await startSecured({
      challenge: "bearer",
      users: { ...await usersOf("signer"), ...await usersOf("deployer") },
      policies: POLICIES,
    }, { SKERRY_LOG: "json", SKERRY_VERIFY: JSON.stringify([{ ...ENFORCED, ...rule }]) }),
  );
  const bench = stack.use(await openWorkbench(registry.host));
  await login(bench, DEPLOYER);
  const kept = stack.move();
  return {
    registry,
    bench,
    place: (name: string): Place => ({
      host: registry.host,
      repository: `prod/${name}`,
      authorization: basic(SIGNER),
    }),
    async [Symbol.asyncDispose]() {
      await kept.disposeAsync();
      assertNoTrouble(registry.log());
    },
  };
}

/** Logs all clients in: they share one file. */
async function login(bench: Workbench, { username, password }: typeof SIGNER): Promise<void> {
  await bench.run("crane", ["auth", "login", bench.host, "-u", username, "-p", password]);
}

/** Pushes an image by its digest alone. */
async function push(place: Place, image: Image): Promise<string> {
  await seed(place, image, image.root.digest);
  return `${place.host}/${place.repository}@${image.root.digest}`;
}

/** Report of the registry's own command. */
async function reportOf(registry: RegistryProcess, rule: Record<string, unknown>, name: string) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "main.ts", "verify", "--json", name.slice(name.indexOf("/") + 1)],
    cwd: new URL("../../", import.meta.url),
    env: { SKERRY_DATA: registry.data, SKERRY_VERIFY: JSON.stringify([{ ...ENFORCED, ...rule }]) },
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (text === "") throw new Error(new TextDecoder().decode(stderr));
  return { code, report: JSON.parse(text) as SignatureReport & { repository: RepositoryName } };
}

/** Options that keep `cosign` from any server but the registry. */
async function cosignKeys() {
  const bench = await openWorkbench("localhost:1");
  await bench.run("cosign", ["generate-key-pair"], { env: { COSIGN_PASSWORD: "skerry" } });
  await bench.run("cosign", ["signing-config", "create", "--out", "signing.json"]);
  await bench.run("cosign", ["trusted-root", "create", "--out", "root.json"]);
  const file = (name: string) => `${bench.folder}/${name}`;
  const common = ["--allow-http-registry", "--trusted-root", file("root.json")];
  return {
    pem: await Deno.readTextFile(file("cosign.pub")),
    sign: ["--key", file("cosign.key"), "--signing-config", file("signing.json"), "--yes", ...common],
    verify: ["--key", file("cosign.pub"), "--insecure-ignore-tlog", ...common],
    options: { env: { COSIGN_PASSWORD: "skerry" } },
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}

Deno.test("an index is pulled and tagged only after cosign has signed it, with its images", async () => {
  await using keys = await cosignKeys();
  const rule = { keys: { release: keys.pem } };
  await using signed = await openSigned(rule);
  const { bench, registry } = signed;
  const image = await multiArchIndex("signed");
  const name = await push(signed.place("app"), image);
  const child = `${name.split("@")[0]}@${manifestOf(image, image.root.digest).manifests![0]!.digest}`;
  const tagged = `${name.split("@")[0]}:v1`;
  const message = `${image.root.digest} does not meet the rule "production": No signature found`;
  for (const args of [["manifest", name], ["tag", name, "v1"], ["manifest", child]]) {
    const { code, stderr } = await bench.outcome("crane", ["--insecure", ...args]);
    assertNotEquals(code, 0, args.join(" "));
    if (!args.includes(child)) assertStringIncludes(stderr, message);
    assertStringIncludes(stderr, "DENIED");
  }
  assertEquals((await reportOf(registry, rule, name)).report.state, "unsigned");
  // cosign reads the manifest that it signs.
  assertNotEquals((await bench.outcome("cosign", ["sign", ...keys.sign, name], keys.options)).code, 0);
  await login(bench, SIGNER);
  await bench.run("cosign", ["sign", ...keys.sign, name], keys.options);
  await login(bench, DEPLOYER);
  await bench.run("crane", ["--insecure", "tag", name, "v1"]);
  await bench.run("crane", ["--insecure", "pull", "--platform", "linux/amd64", tagged, "image.tar"]);
  await bench.run("crane", ["--insecure", "manifest", child]);
  await bench.run("cosign", ["verify", ...keys.verify, tagged]);
  const { code, report } = await reportOf(registry, rule, name);
  assertEquals([code, report.state, report.signatures.length], [0, "verified", 1]);
  assertEquals(report.signatures[0]!.key, "release");
});

Deno.test("signatures of cosign that are of another image or another key are shown and refused", async () => {
  await using keys = await cosignKeys();
  await using others = await cosignKeys();
  const rule = { keys: { release: keys.pem } };
  await using signed = await openSigned(rule);
  const { bench, registry } = signed;
  const [one, two] = [await smallImage("one"), await smallImage("two")];
  const [first, second] = [await push(signed.place("app"), one), await push(signed.place("app"), two)];
  await login(bench, SIGNER);
  await bench.run("cosign", ["sign", ...keys.sign, first], keys.options);
  await bench.run("cosign", ["sign", ...others.sign, second], others.options);
  // The good bundle of the first image as a referrer of the second.
  const { report } = await reportOf(registry, rule, first);
  const repository = first.split("@")[0];
  const manifest = JSON.parse(
    await bench.run("crane", ["--insecure", "manifest", `${repository}@${report.signatures[0]!.manifest}`]),
  );
  const [layer] = manifest.layers;
  const blob = await bench.run("crane", ["--insecure", "blob", `${repository}@${layer.digest}`]);
  await Deno.writeTextFile(`${bench.folder}/copied.json`, blob);
  await attach(bench, second, "copied.json", manifest.artifactType);
  // The same bundle with another payload, as a referrer of its own image.
  const bundle = JSON.parse(blob);
  bundle.dsseEnvelope.payload = btoa(
    JSON.stringify(
      statementAbout(one.root.digest as Digest, "https://sigstore.dev/cosign/sign/v1", { more: 1 }),
    ),
  );
  await Deno.writeTextFile(`${bench.folder}/tampered.json`, JSON.stringify(bundle));
  await attach(bench, first, "tampered.json", manifest.artifactType);
  await login(bench, DEPLOYER);
  await bench.run("crane", ["--insecure", "manifest", first]);
  const { code, stderr } = await bench.outcome("crane", ["--insecure", "manifest", second]);
  assertNotEquals(code, 0);
  assertStringIncludes(stderr, "DENIED");
  const refused = await reportOf(registry, rule, second);
  assertEquals(refused.code, 1);
  assertEquals(refused.report.signatures.map(({ state, reason }) => `${state}: ${reason}`), [
    "unverified: Signed with a key that no rule trusts",
    `invalid: Signed for another manifest than ${two.root.digest}`,
  ]);
  const both = await reportOf(registry, rule, first);
  assertEquals(both.report.signatures.map(({ state }) => state), ["verified", "invalid"]);
});

/** Attaches a file with oras. */
async function attach(bench: Workbench, name: string, file: string, type: string): Promise<void> {
  await bench.run("oras", [
    "attach",
    "--no-tty",
    "--plain-http",
    "--artifact-type",
    type,
    name,
    `${file}:${type}`,
  ]);
}

Deno.test("an attestation of cosign meets a rule for its type, and an SBOM of oras needs no signature", async () => {
  await using keys = await cosignKeys();
  const rule = { keys: { ci: keys.pem }, predicateTypes: ["https://slsa.dev/provenance/v1"] };
  await using signed = await openSigned(rule);
  const { bench, registry } = signed;
  const name = await push(signed.place("app"), await smallImage("attested"));
  await login(bench, SIGNER);
  await bench.run("cosign", ["sign", ...keys.sign, name], keys.options);
  await Deno.writeTextFile(`${bench.folder}/sbom.json`, JSON.stringify({ spdxVersion: "SPDX-2.3" }));
  await attach(bench, name, "sbom.json", "application/spdx+json");
  await login(bench, DEPLOYER);
  assertNotEquals((await bench.outcome("crane", ["--insecure", "manifest", name])).code, 0);
  const discovered = JSON.parse(
    await bench.run("oras", ["discover", "--plain-http", "--format", "json", name]),
  );
  const referrers: { digest: string; artifactType: string }[] = discovered.referrers ?? discovered.manifests;
  const sbom = referrers.find(({ artifactType }) => artifactType === "application/spdx+json")!;
  await bench.run("oras", ["pull", "--no-tty", "--plain-http", `${name.split("@")[0]}@${sbom.digest}`]);
  await login(bench, SIGNER);
  await Deno.writeTextFile(
    `${bench.folder}/predicate.json`,
    JSON.stringify({
      buildDefinition: { buildType: "https://example.com/build" },
      runDetails: { builder: { id: "a" } },
    }),
  );
  const type = ["--type", "slsaprovenance1", "--predicate", "predicate.json"];
  await bench.run("cosign", ["attest", ...keys.sign, ...type, name], keys.options);
  await login(bench, DEPLOYER);
  await bench.run("crane", ["--insecure", "manifest", name]);
  const { report } = await reportOf(registry, rule, name);
  assertEquals(report.signatures.map(({ predicateType, rules }) => [predicateType, rules.length]).sort(), [
    ["https://sigstore.dev/cosign/sign/v1", 0],
    ["https://slsa.dev/provenance/v1", 1],
  ]);
});

Deno.test("a signature that cosign keeps under a tag is verified, without a signature for the tag", async () => {
  await using keys = await cosignKeys();
  const rule = { keys: { release: keys.pem } };
  await using signed = await openSigned(rule);
  const { bench, registry } = signed;
  const image = await smallImage("simple");
  const name = await push(signed.place("app"), image);
  await login(bench, SIGNER);
  const payload = JSON.stringify({
    critical: {
      identity: { "docker-reference": name.split("@")[0] },
      image: { "docker-manifest-digest": image.root.digest },
      type: "cosign container image signature",
    },
    optional: null,
  });
  await Deno.writeTextFile(`${bench.folder}/payload.json`, payload);
  const key = keys.sign.slice(0, 2);
  const blob = ["sign-blob", ...key, "--use-signing-config=false", "--tlog-upload=false", "--yes"];
  const formats = ["--new-bundle-format=false", "--output-signature", "payload.sig", "payload.json"];
  await bench.run("cosign", [...blob, ...formats], keys.options);
  const files = ["--payload", "payload.json", "--signature", "payload.sig"];
  await bench.run("cosign", ["attach", "signature", "--allow-http-registry", ...files, name]);
  await login(bench, DEPLOYER);
  await bench.run("crane", ["--insecure", "manifest", name]);
  const { report } = await reportOf(registry, rule, name);
  assertEquals(report.signatures.map(({ format, state }) => [format, state]), [["cosign", "verified"]]);
});

Deno.test("a keyless bundle is verified by its identity, and by cosign as well", async () => {
  const instance = await SigstoreInstance.start();
  const trustedRoot = instance.trustedRoot();
  const rule = { identities: [{ issuer: ISSUER, subject: IDENTITY, trustedRoot }] };
  await using signed = await openSigned(rule);
  const { bench, registry } = signed;
  const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
  const [good, other] = [await smallImage("keyless"), await smallImage("keyless other")];
  const [name, otherName] = [await push(signed.place("app"), good), await push(signed.place("app"), other)];
  await login(bench, SIGNER);
  const signedBy = async (image: Image, imageName: string, identity: string) => {
    const bundle = await instance.sign({ statement: statementAbout(image.root.digest as Digest) }, {
      identity,
    });
    await Deno.writeTextFile(`${bench.folder}/bundle.json`, JSON.stringify(bundle));
    await attach(bench, imageName, "bundle.json", BUNDLE);
  };
  await signedBy(good, name, IDENTITY);
  await signedBy(other, otherName, "https://ci.example.com/mallory/app");
  await login(bench, DEPLOYER);
  await bench.run("crane", ["--insecure", "manifest", name]);
  assertNotEquals((await bench.outcome("crane", ["--insecure", "manifest", otherName])).code, 0);
  const { report } = await reportOf(registry, rule, otherName);
  assertEquals(report.signatures.map(({ state, identity }) => [state, identity]), [
    ["unverified", "https://ci.example.com/mallory/app"],
  ]);
  await Deno.writeTextFile(`${bench.folder}/root.json`, trustedRoot);
  const identity = ["--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER];
  const verify = ["verify", "--allow-http-registry", "--trusted-root", "root.json", ...identity];
  await bench.run("cosign", [...verify, name]);
  assertNotEquals((await bench.outcome("cosign", [...verify, otherName])).code, 0);
});

Deno.test("notation signs, and its signatures are verified until they expire", async () => {
  await using keys = await openWorkbench("localhost:1");
  await keys.run("notation", ["cert", "generate-test", "--default", "release.example.com"]);
  const folder = `${keys.folder}/.config/notation/localkeys`;
  const certificates = await Deno.readTextFile(`${folder}/release.example.com.crt`);
  const rule = { notation: [{ certificates, subjects: ["CN=release.example.com, C=US"] }] };
  await using signed = await openSigned(rule);
  const { bench, registry } = signed;
  await login(bench, SIGNER);
  // The keys are in the home of the signer, the login in that of the clients.
  const options = { env: { HOME: keys.folder, DOCKER_CONFIG: `${bench.folder}/.docker` } };
  const sign = async (name: string, ...more: string[]) =>
    await bench.run("notation", ["sign", "--insecure-registry", ...more, name], options);
  const [good, brief, cose] = [
    await push(signed.place("app"), await smallImage("notation")),
    await push(signed.place("app"), await smallImage("notation brief")),
    await push(signed.place("app"), await smallImage("notation cose")),
  ];
  await sign(good, "--signature-format", "jws");
  await sign(brief, "--signature-format", "jws", "--expiry", "1s");
  await sign(cose, "--signature-format", "cose");
  await login(bench, DEPLOYER);
  await bench.run("crane", ["--insecure", "manifest", good]);
  const stateOf = async (name: string) => {
    const { report } = await reportOf(registry, rule, name);
    return report.signatures.map((
      { format, state, identity },
    ) => [format, state, identity?.includes("CN=release")]);
  };
  assertEquals(await stateOf(good), [["notation-jws", "verified", true]]);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assertEquals(await stateOf(brief), [["notation-jws", "invalid", true]]);
  assertEquals(await stateOf(cose), [["notation-cose", "unverified", undefined]]);
  for (const name of [brief, cose]) {
    const { code, stderr } = await bench.outcome("crane", ["--insecure", "manifest", name]);
    assertNotEquals(code, 0);
    assertStringIncludes(stderr, "DENIED");
  }
  const others = { notation: [{ certificates, subjects: ["CN=release.example.com, C=TR"] }] };
  assertEquals((await reportOf(registry, others, good)).report.state, "unverified");
});
