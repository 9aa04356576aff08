import { assertEquals, assertStringIncludes } from "@std/assert";
import { MEDIA } from "../images/mod.ts";
import { manifestOf, readServed, tagsOf } from "./served.ts";
import { openWorkbench, type Workbench } from "./workbench.ts";

const HTTP = "--plain-http";

/** Writes a chart and packs it; returns the archive. */
async function packChart(bench: Workbench, name: string, version: string, more = ""): Promise<string> {
  const folder = `${bench.folder}/${name}-${version}`;
  await Deno.mkdir(`${folder}/${name}/templates`, { recursive: true });
  const chart = `apiVersion: v2\nname: ${name}\nversion: ${version}\n${more}`;
  await Deno.writeTextFile(`${folder}/${name}/Chart.yaml`, chart);
  const template =
    `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Chart.Name }}-{{ .Chart.Version }}\n`;
  await Deno.writeTextFile(`${folder}/${name}/templates/map.yaml`, template);
  await bench.run("helm", ["package", `${folder}/${name}`, "--destination", folder]);
  return `${folder}/${name}-${version}.tgz`;
}

Deno.test("helm pushes a chart and pulls it again, byte for byte", async () => {
  await using bench = await openWorkbench();
  const repository = bench.repository("helm/charts");
  const archive = await packChart(bench, "demo", "1.2.3");
  await bench.run("helm", ["push", HTTP, archive, `oci://${bench.host}/${repository}`]);
  const place = { host: bench.host, repository: `${repository}/demo` };
  const served = await readServed(place, "1.2.3", MEDIA.manifest);
  const { config, layers } = manifestOf(served, served.root.digest);
  assertEquals(config?.mediaType, "application/vnd.cncf.helm.config.v1+json");
  assertEquals(layers?.map((layer) => layer.mediaType), [
    "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
  ]);
  const output = `${bench.folder}/pulled`;
  await Deno.mkdir(output);
  const name = `oci://${place.host}/${place.repository}`;
  await bench.run("helm", ["pull", HTTP, name, "--version", "1.2.3", "--destination", output]);
  assertEquals(await Deno.readFile(`${output}/demo-1.2.3.tgz`), await Deno.readFile(archive));
});

Deno.test("helm finds the newest version among the tags, with a plus sign too", async () => {
  await using bench = await openWorkbench();
  const repository = bench.repository("helm/versions");
  for (const version of ["1.9.0", "1.10.0+build.7", "2.0.0-rc.1"]) {
    const archive = await packChart(bench, "demo", version);
    await bench.run("helm", ["push", HTTP, archive, `oci://${bench.host}/${repository}`]);
  }
  const place = { host: bench.host, repository: `${repository}/demo` };
  assertEquals(await tagsOf(place), ["1.10.0_build.7", "1.9.0", "2.0.0-rc.1"]);
  const name = `oci://${place.host}/${place.repository}`;
  assertStringIncludes(await bench.run("helm", ["show", "chart", HTTP, name]), "version: 1.10.0+build.7\n");
  const older = await bench.run("helm", ["template", HTTP, name, "--version", "~1.9"]);
  assertStringIncludes(older, "name: demo-1.9.0\n");
});

Deno.test("helm fetches the chart that another chart depends on", async () => {
  await using bench = await openWorkbench();
  const charts = `oci://${bench.host}/${bench.repository("helm/dependencies")}`;
  await bench.run("helm", ["push", HTTP, await packChart(bench, "base", "0.1.0"), charts]);
  const folder = `${bench.folder}/top`;
  await Deno.mkdir(folder);
  const dependencies = `dependencies:\n- name: base\n  version: ">=0.1.0"\n  repository: ${charts}\n`;
  await Deno.writeTextFile(
    `${folder}/Chart.yaml`,
    `apiVersion: v2\nname: top\nversion: 1.0.0\n${dependencies}`,
  );
  await bench.run("helm", ["dependency", "update", HTTP, folder]);
  assertEquals([...Deno.readDirSync(`${folder}/charts`)].map((entry) => entry.name), ["base-0.1.0.tgz"]);
});
