/**
 * A repository whose every text tries to leave its element, its attribute, its line or its place.
 *
 * @module
 */
import type { Send } from "../harness/content.ts";
import { artifact, blob, image } from "./content.ts";

/** Function that each of the texts calls, if a page lets one. */
export const TRAP = "trap";

/** Text that tries everything. */
export const HOSTILE =
  `"><script>${TRAP}(1)</script><img src=x onerror=${TRAP}(2)>' onmouseover='${TRAP}(3)' ` +
  `javascript:${TRAP}(4) \u202Egnp.exe\u2028\u0000 </title></textarea>{{7*7}} ${"W".repeat(300)}`;

/** References of the hostile content. */
export interface HostileContent {
  /** Digest of the image. */
  image: string;
  /** Digest of its SBOM. */
  sbom: string;
}

const NAME = "hostile/constructor";

const README = `# <script>${TRAP}(5)</script>

<img src=x onerror=${TRAP}(6)> <iframe src="javascript:${TRAP}(7)"></iframe> <style>body { display: none }</style>

[a](javascript:${TRAP}(8)) [b](JaVaScRiPt:${TRAP}(9)) [c](data:text/html,<script>${TRAP}(10)</script>) [d](//evil.example)
![e](https://evil.example/x.png) ![f](javascript:${TRAP}(11)) <javascript:${TRAP}(12)>

${HOSTILE}

| ${HOSTILE} | b |
|---|---|
| c | d |

${"> ".repeat(20)}deep
`;

/** Annotations of the image. */
function annotations(): Record<string, string> {
  return {
    [HOSTILE]: HOSTILE,
    "org.opencontainers.image.title": HOSTILE,
    "org.opencontainers.image.description": HOSTILE,
    "org.opencontainers.image.vendor": HOSTILE,
    "org.opencontainers.image.licenses": HOSTILE,
    "org.opencontainers.image.source": `javascript:${TRAP}(13)`,
    "org.opencontainers.image.url": "https://user:password@evil.example/",
    "org.opencontainers.image.documentation": `data:text/html,<script>${TRAP}(14)</script>`,
    constructor: "of every object",
  };
}

/** Pushes everything. */
export async function pushHostile(send: Send): Promise<HostileContent> {
  const config = {
    User: HOSTILE,
    WorkingDir: HOSTILE,
    Entrypoint: [HOSTILE, HOSTILE],
    Cmd: [HOSTILE],
    Env: [`${HOSTILE}=${HOSTILE}`, "=", ""],
    ExposedPorts: { [HOSTILE]: {} },
    Volumes: { [HOSTILE]: {} },
    StopSignal: HOSTILE,
    Labels: annotations(),
  };
  const steps = [["RUN " + HOSTILE, "a"], [HOSTILE], [`COPY ${HOSTILE}`, "b"]] as const;
  const options = { config, annotations: annotations() };
  const platform = { os: HOSTILE, architecture: HOSTILE, variant: HOSTILE };
  await image(send, NAME, [["RUN other", "c"]], {
    tags: ["v1", "v2"],
    ...options,
    config: { Env: [`A=${HOSTILE}`] },
  });
  const root = await image(send, NAME, [...steps.map((step): [string, string?] => [...step])], {
    ...options,
    platform,
    tags: ["v1"],
  });
  const attach = async (type: string, content: unknown) => {
    const text = typeof content === "string" ? content : JSON.stringify(content);
    const title = { annotations: { "org.opencontainers.image.title": HOSTILE } };
    return await artifact(send, NAME, type, [await blob(send, NAME, type, text, title)], {
      subject: root,
      annotations: annotations(),
    });
  };
  await attach("text/markdown", README);
  const sbom = await attach("application/spdx+json", {
    spdxVersion: "SPDX-2.3",
    name: HOSTILE,
    creationInfo: { created: HOSTILE, creators: [HOSTILE, `Tool: ${HOSTILE}`] },
    packages: [{ name: HOSTILE, versionInfo: HOSTILE, licenseConcluded: HOSTILE }, { name: 7 }, null, "x"],
  });
  await attach("application/sarif+json", {
    runs: [{
      tool: {
        driver: {
          name: HOSTILE,
          version: HOSTILE,
          rules: [{ id: HOSTILE, shortDescription: { text: HOSTILE } }],
        },
      },
      results: [{ ruleId: HOSTILE, level: HOSTILE, message: { text: HOSTILE } }],
    }],
  });
  await attach("application/vnd.openvex.vex+json", {
    "@context": "https://openvex.dev/ns/v0.2.0",
    author: HOSTILE,
    statements: [{ vulnerability: HOSTILE, status: HOSTILE, justification: HOSTILE, products: [HOSTILE] }],
  });
  await attach("application/vnd.in-toto+json", {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: HOSTILE, digest: { sha256: HOSTILE } }],
    predicateType: HOSTILE,
    predicate: { [HOSTILE]: HOSTILE },
  });
  await attach("text/html", `<script>${TRAP}(15)</script>`);
  await attach("application/json", "[".repeat(50_000));
  return { image: root.digest, sbom: sbom.digest };
}
