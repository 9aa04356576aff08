import { assertEquals, assertRejects } from "@std/assert";
import { parseDigest, RegistryError } from "../oci/mod.ts";
import { REPOSITORY, utf8 } from "../tests/harness/stores.ts";
import { type ReferrerContent, referrerListSchema, referrerViewSchema } from "./schemas/mod.ts";
import { ALICE, checked, TestApi, type TestDescriptor } from "./testing/fixture.ts";

const SPDX = {
  spdxVersion: "SPDX-2.3",
  name: "image",
  creationInfo: { created: "2026-01-01T00:00:00Z", creators: ["Tool: syft"] },
  packages: [{
    name: "openssl",
    versionInfo: "3.0.1",
    licenseConcluded: "NOASSERTION",
    licenseDeclared: "Apache-2.0",
    externalRefs: [{ referenceType: "purl", referenceLocator: "pkg:deb/debian/openssl@3.0.1" }],
  }],
};

const CYCLONEDX = {
  bomFormat: "CycloneDX",
  specVersion: "1.6",
  metadata: {
    timestamp: "2026-01-01T00:00:00Z",
    tools: { components: [{ name: "trivy", version: "0.60" }] },
    component: { name: "app" },
  },
  components: [{
    group: "org.acme",
    name: "lib",
    version: "1",
    purl: "pkg:maven/org.acme/lib@1",
    licenses: [{ license: { id: "MIT" } }],
    components: [{ name: "inner", version: "2" }],
  }],
};

const digestOf = ({ digest }: TestDescriptor) => parseDigest(digest);

async function contentsOf(
  test: TestApi,
  artifactType: string,
  value: unknown,
  mediaType = "application/json",
): Promise<ReferrerContent> {
  const blob = typeof value === "string"
    ? await test.blob(utf8(value), mediaType)
    : await test.json(value, mediaType);
  const referrer = await test.artifact({ artifactType, blobs: [blob] });
  const view = checked(referrerViewSchema, await test.api.getReferrer(ALICE, REPOSITORY, digestOf(referrer)));
  return view.contents[0]!;
}

/** A DSSE envelope of a statement. */
function signed(predicateType: string, predicate: unknown) {
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "app", digest: { sha256: "ab" } }],
    predicateType,
    predicate,
  };
  return {
    payloadType: "application/vnd.in-toto+json",
    payload: utf8(JSON.stringify(statement)).toBase64(),
    signatures: [{ sig: "" }],
  };
}

Deno.test("listReferrers() shows a tree of two levels, and the attachments of cosign by tags", async () => {
  const test = await TestApi.open();
  const image = await test.image({ tags: ["v1"] });
  const sbom = await test.artifact({
    artifactType: "application/spdx+json",
    blobs: [await test.json(SPDX, "application/spdx+json")],
    subject: image,
  });
  const signature = await test.artifact({
    artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    blobs: [await test.json({}, "application/vnd.dev.sigstore.bundle.v0.3+json")],
    subject: sbom,
  });
  const legacy = await test.image({ layers: ["sig"], tags: [`${image.digest.replace(":", "-")}.sig`] });
  const list = async (request = {}) =>
    checked(referrerListSchema, await test.api.listReferrers(ALICE, REPOSITORY, digestOf(image), request));
  const { referrers, exists } = await list();
  assertEquals(exists, true);
  assertEquals(referrers.map(({ digest, kind, tag }) => [digest, kind, tag !== undefined]), [
    [legacy.digest, "image", true],
    [sbom.digest, "spdx", false],
  ]);
  assertEquals(referrers[1]!.referrers!.items.map(({ digest, kind }) => [digest, kind]), [
    [signature.digest, "sigstore-bundle"],
  ]);
  assertEquals((await list({ artifactType: "application/spdx+json" })).referrers.length, 1);
  assertEquals((await list({ artifactType: "text/plain" })).referrers, []);
});

Deno.test("listReferrers() pages 1,000 referrers, each once", async () => {
  const test = await TestApi.open();
  const image = await test.image();
  const blob = await test.json(SPDX, "application/spdx+json");
  for (let i = 0; i < 1000; i++) {
    const more = { annotations: { number: `${i}` } };
    await test.artifact({ artifactType: "application/spdx+json", blobs: [blob], subject: image, more });
  }
  const found = new Set<string>();
  let pages = 0;
  let last: string | undefined;
  for (;;) {
    const page = await test.api.listReferrers(ALICE, REPOSITORY, digestOf(image), {
      n: 100,
      ...(last && { last }),
    });
    pages++;
    for (const { digest } of page.referrers) found.add(digest);
    if (page.next === undefined) break;
    last = page.next;
  }
  assertEquals([found.size, pages], [1000, 10]);
  await assertRejects(
    () => test.api.listReferrers(ALICE, REPOSITORY, digestOf(image), { last: "x" }),
    RegistryError,
  );
});

Deno.test("getReferrer() reads SBOMs as they are, in statements and in signed envelopes", async () => {
  const test = await TestApi.open();
  const spdx = {
    type: "sbom",
    format: "SPDX",
    formatVersion: "SPDX-2.3",
    name: "image",
    tools: ["Tool: syft"],
    packages: {
      total: 1,
      items: [{
        name: "openssl",
        version: "3.0.1",
        license: "Apache-2.0",
        purl: "pkg:deb/debian/openssl@3.0.1",
      }],
    },
  };
  const parts = ({ digest: _, mediaType: __, size: ___, ...rest }: ReferrerContent) => rest;
  const created = "2026-01-01T00:00:00Z";
  assertEquals(parts(await contentsOf(test, "application/spdx+json", SPDX)), { ...spdx, created } as never);
  const attested = await contentsOf(
    test,
    "application/vnd.in-toto+json",
    signed("https://spdx.dev/Document", SPDX),
  );
  assertEquals(parts(attested), { ...spdx, created } as never);
  assertEquals(parts(await contentsOf(test, "application/vnd.cyclonedx+json", CYCLONEDX)), {
    type: "sbom",
    format: "CycloneDX",
    formatVersion: "1.6",
    name: "app",
    created,
    tools: ["trivy 0.60"],
    packages: {
      total: 2,
      items: [
        { name: "org.acme/lib", version: "1", license: "MIT", purl: "pkg:maven/org.acme/lib@1" },
        { name: "inner", version: "2" },
      ],
    },
  } as never);
});

Deno.test("getReferrer() reads provenance, statements, VEX and text", async () => {
  const test = await TestApi.open();
  const provenance = await contentsOf(
    test,
    "application/vnd.in-toto+json",
    signed("https://slsa.dev/provenance/v1", {
      buildDefinition: {
        buildType: "https://actions.github.io/buildtypes/workflow/v1",
        externalParameters: { workflow: { ref: "refs/heads/main" } },
        resolvedDependencies: [{ uri: "git+https://example.org/a", digest: { gitCommit: "c0ffee" } }],
      },
      runDetails: {
        builder: { id: "https://example.org/builder" },
        metadata: { startedOn: "2026-01-01T00:00:00Z" },
      },
    }),
  );
  if (provenance.type !== "provenance") throw new Error(provenance.type);
  assertEquals([provenance.builder, provenance.started, provenance.subjects[0]!.digest], [
    "https://example.org/builder",
    "2026-01-01T00:00:00Z",
    "sha256:ab",
  ]);
  assertEquals(provenance.parameters, [{ name: "workflow.ref", value: "refs/heads/main" }]);
  assertEquals(provenance.dependencies, {
    total: 1,
    items: [{ uri: "git+https://example.org/a", digest: "gitCommit:c0ffee" }],
  });

  const statement = await contentsOf(
    test,
    "application/vnd.in-toto+json",
    signed("https://example.org/test", { ok: true }),
  );
  assertEquals([statement.type, statement.type === "statement" && JSON.parse(statement.predicate.text)], [
    "statement",
    { ok: true },
  ]);

  const vex = await contentsOf(test, "application/vnd.openvex+json", {
    "@context": "https://openvex.dev/ns/v0.2.0",
    author: "me",
    statements: [{
      vulnerability: { name: "CVE-1" },
      status: "not_affected",
      products: [{ "@id": "pkg:a" }],
    }],
  });
  assertEquals(vex.type === "vex" && vex.statements.items, [
    { vulnerability: "CVE-1", status: "not_affected", products: ["pkg:a"] },
  ]);

  const text = await contentsOf(test, "text/markdown", "# Hi", "text/markdown");
  assertEquals(text.type === "text" && text.content.text, "# Hi");
  assertEquals(
    (await contentsOf(test, "application/x", "\0\u0001", "application/octet-stream")).type,
    "bytes",
  );
  assertEquals(
    (await contentsOf(test, "application/x", "[".repeat(10_000), "application/json")).type,
    "text",
  );
});

Deno.test("getReferrer() reads vulnerability reports of Trivy, Grype, Harbor and in SARIF", async () => {
  const test = await TestApi.open();
  const found = async (artifactType: string, value: unknown) => {
    const content = await contentsOf(test, artifactType, value);
    if (content.type !== "vulnerabilities") throw new Error(content.type);
    return [content.scanner, content.counts.critical, content.counts.high, content.vulnerabilities.items];
  };
  const shown = {
    id: "CVE-1",
    severity: "critical" as const,
    package: "a",
    installed: "1",
    fixed: "2",
    title: "Bad",
  };
  assertEquals(
    await found("application/vnd.aquasec.trivy.report+json", {
      Results: [{
        Vulnerabilities: [{
          VulnerabilityID: "CVE-1",
          Severity: "CRITICAL",
          PkgName: "a",
          InstalledVersion: "1",
          FixedVersion: "2",
          Title: "Bad",
        }],
      }],
    }),
    ["Trivy", 1, 0, [shown]],
  );
  assertEquals(
    await found("application/vnd.grype+json", {
      descriptor: { name: "grype", version: "1" },
      matches: [{
        vulnerability: { id: "CVE-1", severity: "Critical", fix: { versions: ["2"] }, description: "Bad" },
        artifact: { name: "a", version: "1" },
      }],
    }),
    ["grype 1", 1, 0, [shown]],
  );
  assertEquals(
    await found("application/vnd.security.vulnerability.report; version=1.1", {
      scanner: { name: "Trivy", version: "1" },
      vulnerabilities: [{
        id: "CVE-1",
        severity: "Critical",
        package: "a",
        version: "1",
        fix_version: "2",
        description: "Bad",
      }],
    }),
    ["Trivy 1", 1, 0, [shown]],
  );
  assertEquals(
    await found("application/sarif+json", {
      runs: [{
        tool: { driver: { name: "x", rules: [{ id: "CVE-2", properties: { "security-severity": "7.5" } }] } },
        results: [{ ruleId: "CVE-2", level: "note", message: { text: "Oh" } }],
      }],
    }),
    ["x", 0, 1, [{ id: "CVE-2", severity: "high", title: "Oh" }]],
  );
});
