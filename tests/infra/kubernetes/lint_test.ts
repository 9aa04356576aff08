/** The Helm chart as Helm, the schemas of Kubernetes and a linter of best practices see it. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { EXAMPLES, render, valuesOf, VERSIONS } from "./chart.ts";
import { lint, score, validate } from "./lint.ts";

for (const example of EXAMPLES) {
  Deno.test(`${example}: helm lint accepts the chart`, async () => {
    const { code, stdout, stderr } = await lint(example);
    assertEquals(code, 0, stdout + stderr);
    assertStringIncludes(stdout, "1 chart(s) linted, 0 chart(s) failed");
  });

  for (const version of VERSIONS) {
    Deno.test(`${example}: every resource matches its schema in Kubernetes ${version}`, async () => {
      const manifests = await render(valuesOf(example), version);
      const count = manifests.match(/^kind: /gm)!.length;
      const { code, stdout, stderr } = await validate(manifests, version);
      assertEquals(code, 0, stdout + stderr);
      assertStringIncludes(stdout, `Valid: ${count}, Invalid: 0, Errors: 0, Skipped: 0`);
    });
  }

  Deno.test(`${example}: kube-score finds nothing else to improve`, async () => {
    assertEquals(await score(await render(valuesOf(example))), []);
  });
}

Deno.test("kubeconform reports unknown fields and wrong types", async () => {
  const manifests = await render(valuesOf("aws"));
  for (
    const [right, wrong] of [
      ["enableServiceLinks:", "enableServiceLink:"],
      ["periodSeconds: 5", "periodSeconds: often"],
      ["backendRequest:", "backendRequests:"],
    ] as const
  ) {
    const { code, stdout } = await validate(manifests.replace(right, wrong), VERSIONS[0]);
    assertEquals(code, 1, stdout);
    assertStringIncludes(stdout, "Invalid: 1");
  }
});

Deno.test("kube-score reports a writable root file system and a Service without pods", async () => {
  const manifests = await render(valuesOf("aws"));
  const findings = await score(
    manifests.replace("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false")
      .replace(/component: registry\n {2}ports/, "component: other\n  ports"),
  );
  assertEquals(findings.length, 2, findings.join("\n"));
});
