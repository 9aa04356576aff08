import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  artifactFor,
  digestOfBytes,
  largeImage,
  MEDIA,
  multiArchIndex,
  noise,
  readLayout,
  sha512Image,
  smallImage,
  writeLayout,
} from "../images/mod.ts";
import {
  assertGone,
  assertSameImage,
  assertServes,
  manifestOf,
  readServed,
  referrersOf,
  seed,
  tagsOf,
} from "./served.ts";
import { openWire } from "./wire.ts";
import { openWorkbench } from "./workbench.ts";

/** Plain HTTP on both sides of a copy. */
const COPY = ["cp", "--no-tty", "--from-plain-http", "--to-plain-http"];

/** A place for the test and what `oras` calls it. */
function placeOf(host: string, repository: string) {
  return { host, repository, name: `${host}/${repository}` };
}

Deno.test("oras pushes files and pulls them again, one of them empty", async () => {
  await using bench = await openWorkbench();
  const { name, ...place } = placeOf(bench.host, bench.repository("oras/files"));
  const contents = { "notes.txt": new TextEncoder().encode("notes"), "large.bin": noise("oras", 5_000_001) };
  const files = { ...contents, "empty.bin": new Uint8Array() };
  for (const [file, bytes] of Object.entries(files)) await Deno.writeFile(`${bench.folder}/${file}`, bytes);
  const type = ["--artifact-type", "application/vnd.example.files"];
  await bench.run("oras", ["push", "--no-tty", "--plain-http", ...type, `${name}:v1`, ...Object.keys(files)]);
  const pushed = await readServed(place, "v1", MEDIA.manifest);
  const layers = manifestOf(pushed, pushed.root.digest).layers!;
  assertEquals(
    layers.map((layer) => layer.digest),
    Object.values(files).map((bytes) => digestOfBytes(bytes)),
  );

  const output = `${bench.folder}/pulled`;
  await bench.run("oras", ["pull", "--no-tty", "--plain-http", "-o", output, `${name}:v1`]);
  for (const [file, bytes] of Object.entries(files)) {
    assertEquals(digestOfBytes(await Deno.readFile(`${output}/${file}`)), digestOfBytes(bytes), file);
  }
});

Deno.test("oras attaches artifacts to an image and to an artifact and discovers them by type", async () => {
  await using bench = await openWorkbench();
  const { name, ...place } = placeOf(bench.host, bench.repository("oras/attach"));
  const image = await multiArchIndex("oras attach");
  await seed(place, image, "v1");
  await Deno.writeTextFile(`${bench.folder}/sbom.json`, "{}");
  const attached = async (type: string, subject: string) => {
    const args = ["attach", "--no-tty", "--plain-http", "--artifact-type", type, "--format", "json", subject];
    return JSON.parse(await bench.run("oras", [...args, "sbom.json"])).digest as string;
  };
  const sbom = await attached("application/vnd.example.sbom", `${name}:v1`);
  const report = await attached("application/vnd.example.report", `${name}:v1`);
  const signature = await attached("application/vnd.example.signature", `${name}@${sbom}`);

  const discovered = async (...args: string[]) => {
    const all = ["discover", "--plain-http", "--format", "json", "--depth", "1", ...args];
    const { referrers } = JSON.parse(await bench.run("oras", all));
    return (referrers as { digest: string }[]).map((referrer) => referrer.digest).sort();
  };
  assertEquals(await discovered(`${name}:v1`), [sbom, report].sort());
  assertEquals(await discovered("--artifact-type", "application/vnd.example.sbom", `${name}:v1`), [sbom]);
  assertEquals(await discovered(`${name}@${sbom}`), [signature]);
  assertEquals(await tagsOf(place), ["v1"], "no tag stands in for the referrers");
});

Deno.test("oras copies an image with all that refers to it, mounting its blobs", async () => {
  await using bench = await openWorkbench();
  await using wire = openWire(bench.host);
  const [from, to] = [bench.repository("oras/from"), bench.repository("oras/to")];
  const source = { host: bench.host, repository: from };
  const image = await largeImage("oras copy");
  const sbom = artifactFor(image, "application/vnd.example.sbom", "sbom");
  const signature = artifactFor(sbom, "application/vnd.example.signature", "signature");
  await seed(source, image, "v1");
  await seed(source, sbom, "sbom");
  await seed(source, signature, "signature");
  await bench.run("oras", [...COPY, "-r", `${wire.host}/${from}:v1`, `${wire.host}/${to}:v1`]);
  const target = { host: bench.host, repository: to };
  await assertServes(target, "v1", image);
  await assertServes(target, sbom.root.digest, sbom);
  await assertServes(target, signature.root.digest, signature);
  assertEquals((await referrersOf(target, image.root.digest)).map(({ digest }) => digest), [
    sbom.root.digest,
  ]);
  const mounts = wire.exchanges.filter(({ target }) => target.includes("mount="));
  assertEquals(new Set(mounts.map(({ status }) => status)), new Set([201]));
});

const IMAGES = {
  "a multi-arch index": () => multiArchIndex("oras"),
  "an image with zstd layers": () => smallImage("oras", "+zstd"),
};
for (const [what, make] of Object.entries(IMAGES)) {
  Deno.test(`oras copies ${what} from a layout to the registry and back`, async () => {
    await using bench = await openWorkbench();
    const { name, ...place } = placeOf(bench.host, bench.repository("oras/layout"));
    const image = await make();
    const source = await writeLayout(`${bench.folder}/source`, image, "v1");
    await bench.run("oras", [...COPY, "--from-oci-layout", `${source}:v1`, `${name}:v1`]);
    await assertServes(place, "v1", image);
    await bench.run("oras", [...COPY, "--to-oci-layout", `${name}:v1`, `${bench.folder}/back:v1`]);
    assertSameImage(await readLayout(`${bench.folder}/back`, "v1"), image);
  });
}

Deno.test("oras copies an image identified by sha512 by its digest, there and back", async () => {
  await using bench = await openWorkbench();
  const { name, ...place } = placeOf(bench.host, bench.repository("oras/sha512"));
  const image = await sha512Image("oras");
  const { digest } = image.root;
  const source = await writeLayout(`${bench.folder}/source`, image, "v1");
  await bench.run("oras", [...COPY, "--from-oci-layout", `${source}@${digest}`, `${name}@${digest}`]);
  await assertServes(place, digest, image);
  await bench.run("oras", [...COPY, "--to-oci-layout", `${name}@${digest}`, `${bench.folder}/back:v1`]);
  assertSameImage(await readLayout(`${bench.folder}/back`, "v1"), image);
});

Deno.test("oras backs up a repository with its referrers and restores it elsewhere", async () => {
  await using bench = await openWorkbench();
  const from = placeOf(bench.host, bench.repository("oras/backup"));
  const to = placeOf(bench.host, bench.repository("oras/restored"));
  const images = { v1: await smallImage("oras one"), v2: await multiArchIndex("oras two") };
  for (const [tag, image] of Object.entries(images)) await seed(from, image, tag);
  const sbom = artifactFor(images.v1, "application/vnd.example.sbom", "sbom");
  await seed(from, sbom, "sbom");
  const output = `${bench.folder}/backup.tar`;
  const tags = ":v1,v2";
  const backup = ["backup", "--no-tty", "--plain-http", "--include-referrers", "--output", output];
  await bench.run("oras", [...backup, `${from.name}${tags}`]);
  await bench.run("oras", ["restore", "--no-tty", "--plain-http", "--input", output, `${to.name}${tags}`]);
  for (const [tag, image] of Object.entries(images)) await assertServes(to, tag, image);
  assertEquals((await referrersOf(to, images.v1.root.digest)).map(({ digest }) => digest), [
    sbom.root.digest,
  ]);
});

Deno.test("oras pushes, fetches and deletes a blob", async () => {
  await using bench = await openWorkbench();
  const { name, ...place } = placeOf(bench.host, bench.repository("oras/blob"));
  const digest = digestOfBytes(new TextEncoder().encode("blob"));
  await bench.run("oras", [
    "blob",
    "push",
    "--no-tty",
    "--plain-http",
    "--size",
    "4",
    `${name}@${digest}`,
    "-",
  ], {
    stdin: "blob",
  });
  const fetched = await bench.run("oras", [
    "blob",
    "fetch",
    "--plain-http",
    "--output",
    "-",
    `${name}@${digest}`,
  ]);
  assertEquals(fetched, "blob");
  await bench.run("oras", ["blob", "delete", "--plain-http", "--force", `${name}@${digest}`]);
  await assertGone(place, `blobs/${digest}`);
});

Deno.test("oras tags, lists and deletes", async () => {
  await using bench = await openWorkbench();
  const { name, ...place } = placeOf(bench.host, bench.repository("oras/list"));
  const image = await smallImage("oras list");
  await seed(place, image, "v1");
  await bench.run("oras", ["tag", "--plain-http", `${name}:v1`, "v2", "v3", "v4"]);
  const tags = await bench.run("oras", ["repo", "tags", "--plain-http", "--last", "v1", name]);
  assertEquals(tags.trim().split("\n"), ["v2", "v3", "v4"]);
  const repositories = await bench.run("oras", ["repo", "ls", "--plain-http", bench.host]);
  assertStringIncludes(repositories, `${place.repository}\n`);
  const resolved = await bench.run("oras", ["resolve", "--plain-http", `${name}:v3`]);
  assertEquals(resolved.trim(), image.root.digest);
  await bench.run("oras", ["manifest", "delete", "--plain-http", "--force", `${name}@${image.root.digest}`]);
  assertEquals(await tagsOf(place), []);
  await assertGone(place, `manifests/${image.root.digest}`);
});
