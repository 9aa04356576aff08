/**
 * Repositories of a team, with every kind of content that pages show.
 *
 * @module
 */
import { parseDigest } from "../../oci/mod.ts";
import { KeySigner, statementAbout } from "../../trust/testing/signed_images.ts";
import { layerOf } from "../images/mod.ts";
import type { Send } from "../harness/content.ts";
import { artifact, blob, filler, image, index, type Pushed, type Step } from "./content.ts";

/** References of the rich content that pages are opened with. */
export interface RichContent {
  /** Digest of the image of one platform. */
  image: string;
  /** Digest of the index. */
  index: string;
  /** Digest of an earlier index. */
  old: string;
  /** Digest of the SBOM. */
  sbom: string;
  /** Digest of its signature. */
  signature: string;
}

/** Key that signs the index and the SBOM of the shop. */
export const SIGNER = new KeySigner();

const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";

const README = `# Shop API

The **API** of the shop: orders, stock and payments. See the [documentation](https://docs.example.com/shop).

![build](https://ci.example.com/badge.svg)

## Run it

\`\`\`sh
docker run -p 8080:8080 -e DATABASE_URL=postgres://db/shop registry.example.com/shop/api:2.4.1
\`\`\`

| Variable | Default | Meaning |
|---|---|---|
| \`DATABASE_URL\` | none | PostgreSQL |
| \`LOG_LEVEL\` | \`info\` | \`debug\` prints every query |

- [x] reads its secrets from files
- [ ] starts without a database

> Images older than 90 days are removed, except those with a version.
`;

/** Steps of the build of the shop in a version. */
function shopSteps(version: string, architecture: string): Step[] {
  return [
    ["/bin/sh -c #(nop) ADD file:8f2a1b4c5d6e7f80 in / ", filler(`base ${architecture}`, 280_000)],
    ['/bin/sh -c #(nop)  CMD ["bash"]'],
    [
      "RUN /bin/sh -c apt-get update && apt-get install -y --no-install-recommends ca-certificates curl tini && rm -rf /var/lib/apt/lists/* # buildkit",
      filler(`packages ${architecture}`, 141_000),
    ],
    ["WORKDIR /srv", filler("srv", 120)],
    ["COPY package.json package-lock.json ./ # buildkit", filler("package", 1200)],
    [
      "RUN /bin/sh -c npm ci --omit=dev && npm cache clean --force # buildkit",
      filler(`modules ${version}`, 168_000),
    ],
    ["COPY --chown=node:node . . # buildkit", filler(`shop ${version}`, 16_000)],
    ["USER node"],
    ["EXPOSE map[8080/tcp:{}]"],
    ['ENTRYPOINT ["tini" "--" "node" "server.js"]'],
  ];
}

function shopConfig(version: string): Record<string, unknown> {
  return {
    User: version === "2.4.0" ? "" : "node",
    WorkingDir: "/srv",
    Entrypoint: ["tini", "--", "node", "server.js"],
    Env: [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
      `NODE_VERSION=${version === "2.4.0" ? "24.10.0" : "24.11.0"}`,
      ...(version === "2.4.0" ? [] : ["LOG_LEVEL=info"]),
    ],
    ExposedPorts: { "8080/tcp": {} },
    Volumes: { "/data": {} },
    StopSignal: "SIGTERM",
    Labels: { "com.example.team": "shop", "org.opencontainers.image.title": "Shop API" },
  };
}

/** Pushes the images of the shop in a version, and an index of them. */
async function pushShop(
  send: Send,
  version: string,
  tags: string[],
): Promise<{ index: Pushed; image: Pushed }> {
  const children: Pushed[] = [];
  for (const architecture of ["amd64", "arm64"]) {
    const platform = { os: "linux", architecture };
    const options = { platform, config: shopConfig(version) };
    children.push({ ...await image(send, "shop/api", shopSteps(version, architecture), options), platform });
  }
  const statement = await blob(
    send,
    "shop/api",
    "application/vnd.in-toto+json",
    JSON.stringify(provenance(children[0]!.digest)),
    { annotations: { "in-toto.io/predicate-type": "https://slsa.dev/provenance/v1" } },
  );
  const attestation = await artifact(
    send,
    "shop/api",
    "application/vnd.docker.attestation.manifest.v1+json",
    [
      statement,
    ],
  );
  const annotations = {
    "vnd.docker.reference.digest": children[0]!.digest,
    "vnd.docker.reference.type": "attestation-manifest",
  };
  const attested = { ...attestation, annotations, platform: { os: "unknown", architecture: "unknown" } };
  const root = await index(send, "shop/api", [...children, attested], tags, {
    "org.opencontainers.image.description": "Orders, stock and payments of the shop",
    "org.opencontainers.image.licenses": "Apache-2.0",
    "org.opencontainers.image.revision": "b6c1f2e9a8d7",
    "org.opencontainers.image.source": "https://git.example.com/shop/api",
    "org.opencontainers.image.vendor": "Example GmbH",
    "org.opencontainers.image.version": version,
  });
  return { index: root, image: children[0]! };
}

function provenance(digest: string) {
  const [algorithm, hex] = digest.split(":") as [string, string];
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "registry.example.com/shop/api", digest: { [algorithm]: hex } }],
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        buildType: "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1",
        externalParameters: { ref: "refs/tags/v2.4.1" },
        resolvedDependencies: [{ uri: "git+https://git.example.com/shop/api@refs/tags/v2.4.1" }],
      },
      runDetails: {
        builder: { id: "https://ci.example.com/shop/release" },
        metadata: { startedOn: "2026-11-28T18:55:00Z", finishedOn: "2026-11-28T19:00:00Z" },
      },
    },
  };
}

const SPDX = {
  spdxVersion: "SPDX-2.3",
  name: "registry.example.com/shop/api",
  creationInfo: { created: "2026-11-28T19:01:00Z", creators: ["Tool: syft-1.38.0"] },
  packages: [
    { name: "openssl", versionInfo: "3.5.4", licenseConcluded: "Apache-2.0" },
    { name: "zlib", versionInfo: "1.3.1", licenseConcluded: "Zlib" },
    ...Array.from(
      { length: 300 },
      (_, i) => ({ name: `module-${i}`, versionInfo: `${i}.0.1`, licenseConcluded: "MIT" }),
    ),
  ],
};

const TRIVY = {
  CreatedAt: "2026-11-28T20:00:00Z",
  Results: [{
    Vulnerabilities: [
      {
        VulnerabilityID: "CVE-2026-12345",
        Severity: "CRITICAL",
        PkgName: "openssl",
        InstalledVersion: "3.5.4",
        FixedVersion: "3.5.5",
        Title: "Out of bounds write in ASN.1 parsing",
      },
      {
        VulnerabilityID: "CVE-2026-4711",
        Severity: "HIGH",
        PkgName: "zlib",
        InstalledVersion: "1.3.1",
        Title: "Integer overflow",
      },
      ...Array.from(
        { length: 12 },
        (_, i) => ({
          VulnerabilityID: `CVE-2026-20${i}`,
          Severity: "LOW",
          PkgName: `module-${i}`,
          InstalledVersion: "1.0",
        }),
      ),
    ],
  }],
};

const VEX = {
  "@context": "https://openvex.dev/ns/v0.2.0",
  author: "Security team",
  timestamp: "2026-11-28T20:30:00Z",
  statements: [
    {
      vulnerability: { name: "CVE-2026-12345" },
      status: "not_affected",
      justification: "vulnerable_code_not_in_execute_path",
      products: [{ "@id": "pkg:oci/api" }],
    },
    { vulnerability: { name: "CVE-2026-4711" }, status: "affected", products: [{ "@id": "pkg:oci/api" }] },
  ],
};

/** Pushes everything. */
export async function pushRich(send: Send): Promise<RichContent> {
  const old = await pushShop(send, "2.4.0", ["2.4.0", "latest"]);
  const shop = await pushShop(send, "2.4.1", ["2.4.1", "latest"]);
  const attach = async (type: string, content: unknown, annotations: Record<string, string> = {}) => {
    const text = typeof content === "string" ? content : JSON.stringify(content);
    return await artifact(send, "shop/api", type, [await blob(send, "shop/api", type, text)], {
      subject: shop.index,
      annotations,
    });
  };
  await attach("text/markdown", README);
  const sbom = await attach("application/spdx+json", SPDX, {
    "org.opencontainers.image.created": "2026-11-28T19:01:00Z",
  });
  await attach("application/vnd.aquasec.trivy.report.v1+json", TRIVY);
  await attach("application/vnd.openvex.vex+json", VEX);
  let signature = sbom;
  for (const subject of [shop.index, sbom]) {
    const bundle = SIGNER.bundle(statementAbout(parseDigest(subject.digest)));
    signature = await artifact(send, "shop/api", BUNDLE, [
      await blob(send, "shop/api", BUNDLE, JSON.stringify(bundle)),
    ], { subject });
  }
  await pushArtifacts(send);
  return {
    image: shop.image.digest,
    index: shop.index.digest,
    old: old.index.digest,
    sbom: sbom.digest,
    signature: signature.digest,
  };
}

/** Pushes a Helm chart, a model, a policy, a module and a Compose project. */
async function pushArtifacts(send: Send): Promise<void> {
  const { bytes } = await layerOf({
    "shop/Chart.yaml": "name: shop\nversion: 1.8.0\n",
    "shop/values.yaml":
      "replicas: 2\nimage:\n  repository: registry.example.com/shop/api\n  tag: 2.4.1\nresources:\n  requests:\n    memory: 256Mi\n",
    "shop/README.md": "# shop\n\nInstalls the *shop*.\n",
  });
  const chart = {
    name: "shop",
    version: "1.8.0",
    appVersion: "2.4.1",
    description: "The shop with its database",
    apiVersion: "v2",
  };
  await artifact(send, "charts/shop", "application/vnd.cncf.helm.config.v1+json", [
    await blob(send, "charts/shop", "application/vnd.cncf.helm.chart.content.v1.tar+gzip", bytes),
  ], {
    tags: ["1.8.0"],
    config: await blob(
      send,
      "charts/shop",
      "application/vnd.cncf.helm.config.v1+json",
      JSON.stringify(chart),
    ),
  });
  const kinds = [
    [
      "models/summariser",
      "application/vnd.cncf.model.manifest.v1+json",
      "application/vnd.cncf.model.weight.v1.raw",
    ],
    [
      "platform/policy/admission",
      "application/vnd.cncf.openpolicyagent.config.v1+json",
      "application/vnd.cncf.openpolicyagent.layer.v1.tar+gzip",
    ],
    ["shop/filters", "application/vnd.wasm.config.v0+json", "application/wasm"],
    ["shop/compose", "application/vnd.docker.compose.project", "application/vnd.docker.compose.file+yaml"],
  ] as const;
  for (const [name, type, content] of kinds) {
    const title = { "org.opencontainers.image.title": `${name.split("/").at(-1)}.bin` };
    await artifact(send, name, type, [
      await blob(send, name, content, filler(name, 4000), { annotations: title }),
    ], {
      tags: ["1.0"],
    });
  }
  await image(send, "shop/checkout/frontend-with-a-long-name-that-wraps-on-narrow-screens", [[
    "COPY . .",
    "x",
  ]], {
    tags: ["pr-1432-fix-the-flaky-webhook-retry"],
  });
}
