import { assertEquals } from "@std/assert";
import { packTar } from "npm:modern-tar@0.8.6";
import { IMAGE, REPOSITORY, tag, utf8 } from "../tests/harness/stores.ts";
import { manifestViewSchema } from "./schemas/mod.ts";
import { ALICE, checked, TestApi } from "./testing/fixture.ts";

async function viewOf(test: TestApi, name: string) {
  return checked(manifestViewSchema, await test.api.getManifest(ALICE, REPOSITORY, { tag: tag(name) }));
}

async function gzipped(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

Deno.test("getManifest() shows a Helm chart with its values and README", async () => {
  const test = await TestApi.open();
  const file = (name: string, text: string) => ({
    header: { name, size: utf8(text).length, type: "file" as const },
    body: text,
  });
  const archive = await packTar([
    file("shop/Chart.yaml", "name: shop"),
    file("shop/values.yaml", "replicas: 2\n"),
    file("shop/charts/db/values.yaml", "inner: true"),
    file("shop/README.md", "# Shop"),
    file("shop/charts/db/README.md", "# Inner"),
  ]);
  const config = {
    name: "shop",
    version: "1.2.3",
    maintainers: [{ name: "Ada", email: "ada@example.org" }],
    dependencies: [{ name: "db", version: "1", repository: "oci://example.org/charts" }],
  };
  await test.manifest({
    mediaType: IMAGE,
    config: await test.json(config, "application/vnd.cncf.helm.config.v1+json"),
    layers: [await test.blob(await gzipped(archive), "application/vnd.cncf.helm.chart.content.v1.tar+gzip")],
  }, ["1.2.3"]);
  const view = await viewOf(test, "1.2.3");
  assertEquals([view.kind, view.chart!.values!.text, view.chart!.readme!.text, view.chart!.problem], [
    "helm-chart",
    "replicas: 2\n",
    "# Shop",
    undefined,
  ]);
  assertEquals(view.chart!.facts, [
    { name: "name", value: "shop" },
    { name: "version", value: "1.2.3" },
    { name: "maintainers", value: "Ada ada@example.org" },
  ]);
  assertEquals(view.chart!.dependencies, config.dependencies);
});

Deno.test("getManifest() shows the config of a model, and the README beside it", async () => {
  const test = await TestApi.open();
  const readme = await test.blob(utf8("# Model"), "application/vnd.cncf.model.doc.v1.raw");
  await test.manifest({
    mediaType: IMAGE,
    artifactType: "application/vnd.cncf.model.manifest.v1+json",
    config: await test.json(
      { descriptor: { name: "tiny", licenses: ["MIT"] }, config: { paramSize: "8b", format: "gguf" } },
      "application/vnd.cncf.model.config.v1+json",
    ),
    layers: [{ ...readme, annotations: { "org.cncf.model.filepath": "README.md" } }],
  }, ["v1"]);
  const view = await viewOf(test, "v1");
  assertEquals([view.kind, view.readme!.text], ["model", "# Model"]);
  assertEquals(view.facts.map(({ name, value }) => `${name}=${value}`), [
    "Name=tiny",
    "Licence=MIT",
    "Format=gguf",
    "Parameters=8b",
  ]);
});

Deno.test("getManifest() shows hostile texts as they are, and wrong types as absent", async () => {
  const test = await TestApi.open();
  const hostile = "<script>alert(1)</script>\u202e";
  const name = "__proto__";
  const labels = JSON.parse(
    `{"${name}": ${JSON.stringify(hostile)}, "constructor": "x", "number": 1, "<b>": ${
      JSON.stringify(hostile)
    }}`,
  );
  await test.image({
    config: {
      config: { Labels: labels, Env: [hostile, 1, null], Entrypoint: "sh", Cmd: [{}] },
      history: [1, null],
      os: 5,
    },
    tags: ["v1"],
    more: { annotations: JSON.parse(`{"${name}": "y"}`) },
  });
  const { image, annotations } = await viewOf(test, "v1");
  assertEquals(Object.entries(image!.labels), [["constructor", "x"], ["<b>", hostile]]);
  assertEquals(Object.entries(annotations), []);
  assertEquals([image!.environment, image!.entrypoint, image!.command], [
    [{ name: hostile, value: "" }],
    [],
    [],
  ]);
  assertEquals(image!.platform, { os: "unknown", architecture: "amd64" });
});

Deno.test("getManifest() shows a config that is missing, too large or not JSON as a problem", async () => {
  const test = await TestApi.open();
  const type = "application/vnd.oci.image.config.v1+json";
  for (
    const [name, bytes, problem] of [
      ["text", utf8("{]]"), "The config is not JSON"],
      ["large", new Uint8Array(2 * 1024 * 1024), "Too large to show: 2097152 bytes"],
    ] as const
  ) {
    await test.manifest({ mediaType: IMAGE, config: await test.blob(bytes, type), layers: [] }, [name]);
    assertEquals((await viewOf(test, name)).configProblem, problem);
  }
});
