/** The kustomize base is the chart's, and the examples over it can be built. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { FILE_VARIABLE, readConfig } from "../../../config/mod.ts";
import { tool } from "../../tools/tool.ts";
import { podOf, resource, resourcesOf, run, VERSIONS } from "./chart.ts";
import { generate, generatedFiles, KUSTOMIZE } from "./kustomize.ts";
import { score, validate } from "./lint.ts";

async function build(folder: string): Promise<string> {
  const { code, stdout, stderr } = await run(await tool("kustomize"), ["build", `${KUSTOMIZE}/${folder}`]);
  assertEquals([code, stderr], [0, ""]);
  return stdout;
}

Deno.test("the base and the components match the chart (deno task kustomize)", async () => {
  const expected = await generate();
  assert(expected.size > 15);
  assertEquals(Object.fromEntries(await generatedFiles()), Object.fromEntries(expected));
});

const JOBS = { base: [], "examples/aws": ["retain", "scrub"], "examples/bare-metal": ["backup", "scrub"] };

for (const [folder, jobs] of Object.entries(JOBS)) {
  Deno.test(`kustomize builds ${folder}, which is valid and runs with settings of the registry`, async () => {
    const manifests = await build(folder);
    const resources = resourcesOf(manifests);
    for (const version of VERSIONS) {
      const { code, stdout } = await validate(manifests, version);
      assertEquals(code, 0, stdout);
      assertStringIncludes(stdout, `Valid: ${resources.length}, Invalid: 0, Errors: 0, Skipped: 0`);
    }
    assertEquals(await score(manifests), []);
    assertEquals(
      resources.filter(({ kind }) => kind === "CronJob").map(({ metadata }) => metadata.name),
      jobs.map((name) => `skerry-${name}`),
    );

    for (const pod of resources.map(podOf).filter((pod) => pod !== undefined)) {
      const [{ envFrom, env = [] }] = pod.containers as [typeof pod.containers[0]];
      assertEquals(env.length, folder === "examples/bare-metal" ? 2 : 0);
      const settings = resource(resources, "ConfigMap", envFrom[0]!.configMapRef.name).data!;
      const { configMap } = pod.volumes.find(({ name }) => name === "config") as {
        configMap?: { name: string };
      };
      const file = await Deno.makeTempFile({ prefix: "skerry-kustomize-", suffix: ".yaml" });
      try {
        const text = resource(resources, "ConfigMap", configMap!.name).data!["config.yaml"]!;
        await Deno.writeTextFile(file, text);
        const config = await readConfig({ ...settings, [FILE_VARIABLE]: file });
        assertEquals(config.retentionInterval === 0, jobs.some((name) => name === "retain"));
        assert(config.auth !== undefined);
      } finally {
        await Deno.remove(file);
      }
    }
  });
}
