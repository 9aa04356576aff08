import { assert, assertEquals, assertNotEquals } from "@std/assert";
// The validator of the library needs these three.
import "npm:ajv@8.17.1";
import "npm:ajv-formats@3.0.1";
import "npm:ajv-formats-draft2019@1.6.1";
import { Spec, Validation } from "npm:@cyclonedx/cyclonedx-library@10.3.0";
import manifest from "../deno.json" with { type: "json" };
import { sbom } from "./sbom.ts";

Deno.test("sbom() is valid CycloneDX", async () => {
  const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
  assertEquals(await validator.validate(JSON.stringify(await sbom())), null);
  assertNotEquals(await validator.validate(JSON.stringify({ ...await sbom(), parts: [] })), null);
});

Deno.test("sbom() lists every package of the registry with its hash, and Deno", async () => {
  const { components, dependencies, metadata } = await sbom("1.2.3");
  assertEquals([metadata.component.name, metadata.component.version], [manifest.name, manifest.version]);
  const versions = Object.fromEntries(
    components.map(({ group, name, version }) => [group === undefined ? name : `${group}/${name}`, version]),
  );
  assertEquals(versions.deno, "1.2.3");
  for (const specifier of Object.values(manifest.imports)) {
    const [, name, version] = /^npm:(.+)@(.+)$/.exec(specifier) ?? [];
    if (name !== undefined) assertEquals(versions[name], version);
  }
  const libraries = components.filter(({ type }) => type === "library");
  assert(libraries.length > 30);
  for (const { hashes, purl } of libraries) assertEquals([purl, hashes![0]!.content.length], [purl, 128]);

  // Every package is there because another one, or the registry, needs it.
  const needed = new Set(dependencies.flatMap(({ dependsOn }) => dependsOn));
  assertEquals(components.map((component) => component["bom-ref"]).filter((ref) => !needed.has(ref)), []);
});
