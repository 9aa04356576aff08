import { assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { multiArchIndex, smallImage } from "../images/mod.ts";
import { manifestOf, referrersOf, seed, tagsOf } from "./served.ts";
import { openWorkbench, type RunOptions, type Workbench } from "./workbench.ts";

const HTTP = "--allow-http-registry";

/**
 * Options that keep `cosign` from any server but the registry: no transparency log, no time stamps, no roots of trust.
 */
interface Signer {
  sign: string[];
  verify: string[];
  options: RunOptions;
}

/** Makes a pair of keys, `<name>.key` and `<name>.pub`. */
async function signerFor(bench: Workbench, name = "cosign"): Promise<Signer> {
  const options = { env: { COSIGN_PASSWORD: "skerry" } };
  await bench.run("cosign", ["generate-key-pair", "--output-key-prefix", name], options);
  await bench.run("cosign", ["signing-config", "create", "--out", "signing.json"]);
  await bench.run("cosign", ["trusted-root", "create", "--out", "root.json"]);
  const root = ["--trusted-root", "root.json", HTTP];
  return {
    sign: ["--key", `${name}.key`, "--signing-config", "signing.json", ...root, "--yes"],
    verify: ["--key", `${name}.pub`, "--insecure-ignore-tlog", ...root],
    options,
  };
}

Deno.test("cosign signs an index with its images and verifies them through their referrers", async () => {
  await using bench = await openWorkbench();
  const place = { host: bench.host, repository: bench.repository("cosign/sign") };
  const name = `${place.host}/${place.repository}`;
  const image = await multiArchIndex("cosign");
  await seed(place, image, "v1");
  const { sign, verify, options } = await signerFor(bench);
  await bench.run("cosign", ["sign", "--recursive", ...sign, `${name}@${image.root.digest}`], options);
  const children = manifestOf(image, image.root.digest).manifests!;
  for (const { digest } of [image.root, ...children]) {
    const verified = JSON.parse(await bench.run("cosign", ["verify", ...verify, `${name}@${digest}`]));
    assertEquals(verified[0].critical.image["docker-manifest-digest"], digest);
    assertEquals((await referrersOf(place, digest)).length, 1);
  }
  assertEquals(await tagsOf(place), ["v1"], "no tag stands in for the referrers");
});

Deno.test("cosign rejects unsigned images and images that another key has signed", async () => {
  await using bench = await openWorkbench();
  const place = { host: bench.host, repository: bench.repository("cosign/refuse") };
  const name = await seed(place, await smallImage("cosign refuse"), "v1");
  const [ours, theirs] = [await signerFor(bench, "ours"), await signerFor(bench, "theirs")];
  assertNotEquals((await bench.outcome("cosign", ["verify", ...ours.verify, name])).code, 0);
  await bench.run("cosign", ["sign", ...theirs.sign, name], theirs.options);
  assertNotEquals((await bench.outcome("cosign", ["verify", ...ours.verify, name])).code, 0);
  await bench.run("cosign", ["verify", ...theirs.verify, name]);
});

Deno.test("cosign attests an image, verifies the attestation and shows it beside the signature", async () => {
  await using bench = await openWorkbench();
  const place = { host: bench.host, repository: bench.repository("cosign/attest") };
  const image = await smallImage("cosign attest");
  const name = await seed(place, image, "v1");
  const { sign, verify, options } = await signerFor(bench);
  await Deno.writeTextFile(`${bench.folder}/predicate.json`, JSON.stringify({ built: "here" }));
  await bench.run("cosign", ["sign", ...sign, name], options);
  await bench.run(
    "cosign",
    ["attest", ...sign, "--type", "custom", "--predicate", "predicate.json", name],
    options,
  );
  const verified = await bench.run("cosign", ["verify-attestation", ...verify, "--type", "custom", name]);
  const statement = JSON.parse(atob(JSON.parse(verified).payload));
  assertEquals(statement.subject[0].digest.sha256, image.root.digest.replace("sha256:", ""));
  const tree = await bench.run("cosign", ["tree", HTTP, name]);
  for (const { digest } of await referrersOf(place, image.root.digest)) assertStringIncludes(tree, digest);
});

Deno.test("cosign verifies an image that oras has copied to another repository with its signature", async () => {
  await using bench = await openWorkbench();
  const [from, to] = ["cosign/from", "cosign/to"].map((repository) => bench.repository(repository));
  const source = await seed({ host: bench.host, repository: from! }, await smallImage("cosign copy"), "v1");
  const target = `${bench.host}/${to}:v1`;
  const { sign, verify, options } = await signerFor(bench);
  await bench.run("cosign", ["sign", ...sign, source], options);
  await bench.run("oras", [
    "cp",
    "--recursive",
    "--no-tty",
    "--from-plain-http",
    "--to-plain-http",
    source,
    target,
  ]);
  await bench.run("cosign", ["verify", ...verify, target]);
});
