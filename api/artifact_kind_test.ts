import { assertEquals } from "@std/assert";
import { OCI_INDEX, OCI_MANIFEST } from "../oci/mod.ts";
import { artifactKind, KIND_NAMES } from "./artifact_kind.ts";
import { ARTIFACT_KINDS } from "./schemas/mod.ts";

const EMPTY = "application/vnd.oci.empty.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

Deno.test("artifactKind() tells artifacts by the media types that their tools write", () => {
  const rows: [kind: string, artifactType: string | undefined, config: string, ...parts: string[]][] = [
    ["image", undefined, CONFIG, LAYER, LAYER],
    [
      "image",
      undefined,
      "application/vnd.docker.container.image.v1+json",
      "application/vnd.docker.image.rootfs.diff.tar.gzip",
    ],
    ["image", undefined, CONFIG],
    [
      "helm-chart",
      undefined,
      "application/vnd.cncf.helm.config.v1+json",
      "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
    ],
    ["wasm", undefined, "application/vnd.wasm.config.v0+json", "application/wasm"],
    ["wasm", undefined, "application/vnd.wasm.config.v1+json", "application/vnd.wasm.content.layer.v1+wasm"],
    ["wasm", undefined, CONFIG, "application/vnd.module.wasm.content.layer.v1+wasm"],
    [
      "model",
      "application/vnd.cncf.model.manifest.v1+json",
      "application/vnd.cncf.model.config.v1+json",
      "application/vnd.cncf.model.weight.v1.tar",
    ],
    [
      "model",
      undefined,
      "application/vnd.kitops.modelkit.config.v1+json",
      "application/vnd.kitops.modelkit.model.v1.tar+gzip",
    ],
    [
      "model",
      undefined,
      "application/vnd.docker.container.image.v1+json",
      "application/vnd.ollama.image.model",
    ],
    [
      "flux",
      undefined,
      "application/vnd.cncf.flux.config.v1+json",
      "application/vnd.cncf.flux.content.v1.tar+gzip",
    ],
    ["opa-bundle", undefined, "application/vnd.cncf.openpolicyagent.config.v1+json", LAYER],
    ["opa-bundle", undefined, EMPTY, "application/vnd.cncf.openpolicyagent.policy.layer.v1+rego"],
    ["compose", "application/vnd.docker.compose.project", EMPTY, "application/vnd.docker.compose.file+yaml"],
    ["build-cache", undefined, "application/vnd.buildkit.cacheconfig.v0", LAYER],
    ["docker-plugin", undefined, "application/vnd.docker.plugin.v1+json", LAYER],
    [
      "singularity",
      undefined,
      "application/vnd.sylabs.sif.config.v1+json",
      "application/vnd.sylabs.sif.layer.v1.sif",
    ],
    ["cosign-signature", undefined, CONFIG, "application/vnd.dev.cosign.simplesigning.v1+json"],
    [
      "cosign-signature",
      "application/vnd.dev.cosign.artifact.sig.v1+json",
      EMPTY,
      "application/vnd.dev.cosign.simplesigning.v1+json",
    ],
    [
      "sigstore-bundle",
      "application/vnd.dev.sigstore.bundle.v0.3+json",
      EMPTY,
      "application/vnd.dev.sigstore.bundle.v0.3+json",
    ],
    ["notation-signature", "application/vnd.cncf.notary.signature", EMPTY, "application/jose+json"],
    ["attestation", undefined, CONFIG, "application/vnd.in-toto+json", "application/vnd.in-toto+json"],
    ["attestation", undefined, CONFIG, "application/vnd.dsse.envelope.v1+json"],
    ["spdx", "application/spdx+json", EMPTY, "application/spdx+json"],
    ["spdx", undefined, CONFIG, "text/spdx+json"],
    ["cyclonedx", "application/vnd.cyclonedx+json", EMPTY, "application/vnd.cyclonedx+json"],
    ["vex", "application/vnd.openvex+json", EMPTY, "application/vnd.openvex+json"],
    ["vulnerabilities", "application/sarif+json", EMPTY, "application/sarif+json"],
    ["vulnerabilities", "application/vnd.aquasec.trivy.report+json", EMPTY, "application/json"],
    [
      "vulnerabilities",
      "application/vnd.security.vulnerability.report; version=1.1",
      EMPTY,
      "application/json",
    ],
    ["text", "text/markdown", EMPTY, "text/markdown"],
    ["artifact", "application/vnd.acme.rocket", EMPTY, "application/octet-stream"],
    ["artifact", undefined, EMPTY],
  ];
  for (const [kind, artifactType, configType, ...partTypes] of rows) {
    const types = { mediaType: OCI_MANIFEST, artifactType, configType, partTypes };
    assertEquals(artifactKind(types), kind, `${artifactType} ${configType} ${partTypes}`);
  }
});

Deno.test("artifactKind() tells an index of manifests from a build cache", () => {
  assertEquals(artifactKind({ mediaType: OCI_INDEX, partTypes: [OCI_MANIFEST] }), "index");
  assertEquals(
    artifactKind({ mediaType: OCI_INDEX, partTypes: [LAYER, "application/vnd.buildkit.cacheconfig.v0"] }),
    "build-cache",
  );
});

Deno.test("every kind of artifact has a name", () => {
  assertEquals(Object.keys(KIND_NAMES).sort(), [...ARTIFACT_KINDS].sort());
});
