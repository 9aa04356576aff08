import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type ErrorCode, RegistryError } from "./errors.ts";
import { parseDigest } from "./digest.ts";
import { describeReferrer, MAX_REFERENCES, parseManifest, parsePushedManifest } from "./manifest.ts";
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  OCI_ARTIFACT_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
} from "./media_type.ts";

const CONFIG_TYPE = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip";

function digest(n: number): string {
  return `sha256:${n.toString(16).padStart(64, "0")}`;
}

function descriptor(n: number, mediaType = LAYER_TYPE) {
  return { mediaType, digest: digest(n), size: n };
}

const IMAGE = {
  schemaVersion: 2,
  mediaType: OCI_MANIFEST,
  config: descriptor(1, CONFIG_TYPE),
  layers: [descriptor(2), descriptor(3)],
};

const INDEX = {
  schemaVersion: 2,
  mediaType: OCI_INDEX,
  manifests: [descriptor(1, OCI_MANIFEST), descriptor(2, OCI_MANIFEST)],
};

function encode(document: unknown): Uint8Array {
  return new TextEncoder().encode(typeof document === "string" ? document : JSON.stringify(document));
}

function parse(document: unknown, contentType?: string) {
  return parseManifest(encode(document), contentType);
}

function digests(document: unknown): string[] {
  return parse(document).references.map((reference) => reference.digest);
}

function assertInvalid(document: unknown, message: string, contentType?: string): void {
  assertRejected(document, "MANIFEST_INVALID", message, contentType);
}

function assertRejected(document: unknown, code: ErrorCode, message: string, contentType?: string): void {
  const error = assertThrows(() => parse(document, contentType), RegistryError);
  assertEquals([error.code, error.status], [code, 400], JSON.stringify(document));
  assertStringIncludes(error.message, message);
}

Deno.test("parseManifest() finds configuration and layers of an image", () => {
  const { mediaType, references, subject, artifactType, annotations } = parse(IMAGE, OCI_MANIFEST);
  assertEquals(mediaType, OCI_MANIFEST);
  assertEquals(references, [
    { ...descriptor(1, CONFIG_TYPE), kind: "blob", required: true },
    { ...descriptor(2), kind: "blob", required: true },
    { ...descriptor(3), kind: "blob", required: true },
  ]);
  assertEquals([subject, artifactType, annotations], [undefined, CONFIG_TYPE, undefined]);
});

Deno.test("parseManifest() finds the children of an index, which may be blobs for BuildKit's cache", () => {
  const cache = [descriptor(1), descriptor(2, "application/vnd.buildkit.cacheconfig.v0")];
  for (const mediaType of [OCI_INDEX, DOCKER_MANIFEST_LIST]) {
    const manifest = parse({ ...INDEX, mediaType, manifests: cache });
    assertEquals(manifest.mediaType, mediaType);
    assertEquals(manifest.references, [
      { ...descriptor(1), kind: "manifest or blob", required: true },
      {
        ...descriptor(2, "application/vnd.buildkit.cacheconfig.v0"),
        kind: "manifest or blob",
        required: true,
      },
    ]);
    assertEquals(manifest.artifactType, undefined);
  }
});

Deno.test("parseManifest() needs no layers and no children", () => {
  assertEquals(digests({ ...IMAGE, layers: [] }), [digest(1)]);
  assertEquals(digests({ ...IMAGE, layers: null }), [digest(1)]);
  assertEquals(digests({ ...IMAGE, layers: undefined }), [digest(1)]);
  assertEquals(digests({ ...INDEX, manifests: [] }), []);
  assertEquals(digests({ ...INDEX, manifests: null }), []);
});

Deno.test("parseManifest() names each digest once, required if any descriptor of it is", () => {
  const foreign = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
  const layers = [descriptor(2, foreign), descriptor(2), descriptor(3, foreign), descriptor(1)];
  const { references } = parse({ ...IMAGE, layers });
  assertEquals(references.map(({ digest, required }) => [digest, required]), [
    [digest(1), true],
    [digest(2), true],
    [digest(3), false],
  ]);
});

Deno.test("parseManifest() does not require layers that clients never push", () => {
  const types = [
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
  ];
  for (const type of types) {
    const { references } = parse({ ...IMAGE, layers: [descriptor(2, type)] });
    assertEquals(references.map((reference) => reference.required), [true, false]);
  }
});

Deno.test("parseManifest() takes the media type from document and Content-Type", () => {
  const { mediaType: _, ...untyped } = IMAGE;
  assertEquals(parse(IMAGE).mediaType, OCI_MANIFEST);
  assertEquals(parse({ ...IMAGE, mediaType: DOCKER_MANIFEST }).mediaType, DOCKER_MANIFEST);
  assertEquals(parse(untyped, DOCKER_MANIFEST).mediaType, DOCKER_MANIFEST);
  assertEquals(parse({ ...untyped, mediaType: "" }, OCI_MANIFEST).mediaType, OCI_MANIFEST);
  assertEquals(parse({ ...untyped, mediaType: null }, OCI_MANIFEST).mediaType, OCI_MANIFEST);
  assertEquals(
    parse({ ...INDEX, mediaType: undefined }, DOCKER_MANIFEST_LIST).mediaType,
    DOCKER_MANIFEST_LIST,
  );
});

Deno.test("parseManifest() ignores parameters and case of the Content-Type", () => {
  assertEquals(parse(IMAGE, `${OCI_MANIFEST}; charset=utf-8`).mediaType, OCI_MANIFEST);
  assertEquals(parse(IMAGE, OCI_MANIFEST.toUpperCase()).mediaType, OCI_MANIFEST);
});

Deno.test("parseManifest() goes by the form when nothing names the type", () => {
  assertEquals(parse({ ...IMAGE, mediaType: undefined }).mediaType, OCI_MANIFEST);
  assertEquals(parse({ ...INDEX, mediaType: undefined }, "").mediaType, OCI_INDEX);
  assertInvalid({ schemaVersion: 2 }, "Descriptor at config");
});

Deno.test("parseManifest() rejects a Content-Type other than the document's (CVE-2021-41190)", () => {
  for (const type of [OCI_INDEX, DOCKER_MANIFEST, "application/json", "application/octet-stream"]) {
    assertInvalid(IMAGE, `Content-Type "${type}" is not the manifest's mediaType`, type);
  }
  assertInvalid(INDEX, "is not the manifest's mediaType", OCI_MANIFEST);
});

Deno.test("parseManifest() rejects a document that is both an image and an index (CVE-2021-41190)", () => {
  for (const mediaType of [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, undefined]) {
    assertInvalid({ ...IMAGE, ...INDEX, mediaType }, "which its media type does not allow");
    assertInvalid({ ...INDEX, layers: IMAGE.layers, mediaType }, "which its media type does not allow");
    assertInvalid({ ...INDEX, config: null, mediaType }, "which its media type does not allow");
  }
  assertInvalid({ ...IMAGE, manifests: [] }, '"manifests"');
  assertInvalid({ ...IMAGE, manifests: null }, '"manifests"');
  assertInvalid({ ...IMAGE, fsLayers: [] }, '"fsLayers"');
  assertInvalid({ ...INDEX, fsLayers: [] }, '"fsLayers"');
});

/** As ORAS 0.16 wrote them. */
const ARTIFACT = {
  mediaType: OCI_ARTIFACT_MANIFEST,
  artifactType: "application/vnd.example.sbom",
  blobs: [descriptor(1), descriptor(2), descriptor(1)],
  subject: descriptor(3, OCI_MANIFEST),
  annotations: { a: "b" },
};

Deno.test("parseManifest() takes the withdrawn artifact manifest, with blobs as references and a subject", () => {
  const parsed = parse(ARTIFACT, OCI_ARTIFACT_MANIFEST);
  assertEquals(parsed.references.map(({ digest, kind }) => [digest, kind]), [[digest(1), "blob"], [
    digest(2),
    "blob",
  ]]);
  assertEquals(describeReferrer(parsed, parseDigest(digest(9)), 7), {
    mediaType: OCI_ARTIFACT_MANIFEST,
    digest: digest(9),
    size: 7,
    artifactType: ARTIFACT.artifactType,
    annotations: ARTIFACT.annotations,
  });
  assertEquals(parsed.subject?.digest, digest(3));
  const { blobs: _, ...bare } = ARTIFACT;
  assertEquals(digests(bare), []);
  assertEquals(digests({ ...ARTIFACT, schemaVersion: 2 }).length, 2);
});

Deno.test("parseManifest() rejects an artifact manifest that could be taken for something else", () => {
  for (const name of ["config", "layers", "manifests", "fsLayers"]) {
    assertInvalid({ ...ARTIFACT, [name]: [] }, `"${name}"`);
  }
  assertInvalid(ARTIFACT, "is not the manifest's mediaType", OCI_MANIFEST);
  assertInvalid({ ...ARTIFACT, schemaVersion: 1 }, "schemaVersion 2");
  assertInvalid({ ...ARTIFACT, mediaType: undefined }, "schemaVersion 2");
  assertInvalid({ ...ARTIFACT, blobs: {} }, "blobs that are not an array");
});

Deno.test("parseManifest() rejects the form of another type", () => {
  const { mediaType: _, ...untypedIndex } = INDEX;
  assertInvalid(untypedIndex, "manifests", OCI_MANIFEST);
  const { mediaType: __, ...untypedImage } = IMAGE;
  assertInvalid(untypedImage, "config", OCI_INDEX);
});

Deno.test("parseManifest() rejects unknown manifest types", () => {
  for (
    const type of [
      "application/vnd.oci.artifact.manifest.v2+json",
      "text/plain",
      "x",
      OCI_MANIFEST.toUpperCase(),
    ]
  ) {
    assertInvalid({ ...IMAGE, mediaType: type }, "are not supported");
    assertInvalid({ ...IMAGE, mediaType: type }, "are not supported", type);
  }
  assertInvalid({ ...IMAGE, mediaType: undefined }, "are not supported", "application/json");
  assertInvalid({ ...IMAGE, mediaType: 1 }, "not a string");
});

Deno.test("parseManifest() rejects schema 1 without the words that make docker push it again as such", () => {
  const schema1 = {
    schemaVersion: 1,
    name: "a",
    tag: "b",
    fsLayers: [{ blobSum: digest(1) }],
    history: [{}],
  };
  for (const suffix of ["json", "prettyjws"]) {
    const type = `application/vnd.docker.distribution.manifest.v1+${suffix}`;
    for (const document of [schema1, { ...schema1, mediaType: type }, { ...IMAGE, mediaType: type }]) {
      const error = assertThrows(() => parse(document, type), RegistryError);
      assertEquals(error.code, "MANIFEST_INVALID");
      assertEquals(/tag.?invalid/i.test(JSON.stringify(error)), false, error.message);
    }
  }
});

Deno.test("parseManifest() rejects a document without schemaVersion 2", () => {
  for (const schemaVersion of [undefined, 1, 3]) {
    assertInvalid({ ...IMAGE, schemaVersion }, "schemaVersion 2");
  }
  for (const schemaVersion of ["2", null, 2.5]) assertInvalid({ ...IMAGE, schemaVersion }, '"schemaVersion"');
});

Deno.test("parseManifest() rejects a document that is not an object", () => {
  for (const document of ["[]", "null", "1", '"x"', "true"]) assertInvalid(document, "no");
  assertInvalid("", "not valid JSON");
});

Deno.test("parseManifest() rejects images and indexes without their required members", () => {
  for (const config of [undefined, null, [], "x", {}]) {
    assertInvalid({ ...IMAGE, config }, "Descriptor at config");
  }
  for (const layers of [{}, "x", 1, true]) {
    assertInvalid({ ...IMAGE, layers }, "layers that are not an array");
  }
  assertInvalid({ ...IMAGE, layers: [descriptor(1), null] }, "Descriptor at layers[1]");
  assertInvalid({ ...INDEX, manifests: undefined }, "no manifests");
  for (const manifests of [{}, "x"]) {
    assertInvalid({ ...INDEX, manifests }, "manifests that are not an array");
  }
  assertInvalid(
    { ...INDEX, manifests: [{ ...descriptor(1), mediaType: undefined }] },
    "manifests[0] has no media type",
  );
});

Deno.test("parseManifest() rejects malformed digests and passes those of unknown algorithms", () => {
  const bad = { ...descriptor(1), digest: "sha256:x" };
  assertRejected({ ...IMAGE, config: bad }, "DIGEST_INVALID", "config");
  assertRejected({ ...IMAGE, layers: [descriptor(2), bad] }, "DIGEST_INVALID", "layers[1]");
  assertRejected({ ...INDEX, manifests: [bad] }, "DIGEST_INVALID", "manifests[0]");
  assertRejected({ ...INDEX, subject: bad }, "DIGEST_INVALID", "subject");
  const foreign = "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8";
  assertEquals(digests({ ...INDEX, manifests: [{ ...descriptor(1), digest: foreign }] }), [foreign]);
});

Deno.test("parseManifest() judges sizes by their source", () => {
  const text = (size: string) => JSON.stringify(IMAGE).replace('"size":3', `"size":${size}`);
  assertEquals(parse(text("9007199254740991")).references[2]?.size, Number.MAX_SAFE_INTEGER);
  for (const size of ["9007199254740992", "9223372036854775807", "-1", "1.0", "1e2", '"3"', "null"]) {
    assertInvalid(text(size), '"layers[1].size"');
  }
});

Deno.test("parseManifest() rejects names that clients would read in another way", () => {
  assertInvalid('{"schemaVersion":2,"schemaVersion":2}', "twice");
  for (
    const name of ["Subject", "MEDIATYPE", "mediatype", "Config", "layer\u017F", "artifacttype", "fslayers"]
  ) {
    assertInvalid({ ...IMAGE, [name]: null }, "only in case");
  }
  for (const name of ["Digest", "SIZE", "\u017Fize", "Urls", "Platform", "Data"]) {
    for (const member of ["config", "subject"]) {
      assertInvalid({ ...IMAGE, [member]: { ...descriptor(1), [name]: null } }, "only in case");
    }
    assertInvalid({ ...INDEX, manifests: [{ ...descriptor(1), [name]: null }] }, "only in case");
  }
  assertInvalid({ ...INDEX, manifests: [{ ...descriptor(1), platform: { OS: "linux" } }] }, "only in case");
});

Deno.test("parseManifest() takes annotations that differ by case alone, and members of others", () => {
  const annotations = { "org.Foo": "1", "org.foo": "2", Subject: "3", size: "4", "": "5" };
  assertEquals(parse({ ...IMAGE, annotations }).annotations, annotations);
  const layers = [{ ...descriptor(2), annotations, custom: { SIZE: 1.5 } }];
  assertEquals(digests({ ...IMAGE, layers, "org.example": [{ Digest: 1 }] }), [digest(1), digest(2)]);
});

Deno.test("parseManifest() rejects annotations that are no map of strings", () => {
  for (const annotations of [[], "x", 1, { a: 1 }, { a: null }, { a: {} }]) {
    assertInvalid({ ...IMAGE, annotations }, "annotations");
  }
  assertEquals(parse({ ...IMAGE, annotations: null }).annotations, undefined);
});

Deno.test("parseManifest() does not judge platforms, as attestations are for unknown ones", () => {
  const platforms = [{ os: "unknown", architecture: "unknown" }, {}, null, "x", { os: 1 }];
  const manifests = platforms.map((platform, i) => ({ ...descriptor(i), platform }));
  assertEquals(digests({ ...INDEX, manifests }).length, platforms.length);
});

Deno.test("parseManifest() finds the subject of OCI's formats, missing or not", () => {
  for (const document of [IMAGE, INDEX]) {
    const subject = { ...descriptor(9, OCI_MANIFEST), platform: {} };
    assertEquals(parse({ ...document, subject }).subject, descriptor(9, OCI_MANIFEST));
    assertEquals(parse({ ...document, subject: null }).subject, undefined);
    for (const bad of [[], "x", {}]) assertInvalid({ ...document, subject: bad }, "Descriptor at subject");
  }
});

Deno.test("parseManifest() leaves a member called subject alone in Docker's formats", () => {
  assertEquals(parse({ ...IMAGE, mediaType: DOCKER_MANIFEST, subject: "mine" }).subject, undefined);
});

Deno.test("parseManifest() takes any artifact type, and the configuration's where there is none", () => {
  assertEquals(parse({ ...IMAGE, artifactType: "x/unknown" }).artifactType, "x/unknown");
  assertEquals(parse({ ...IMAGE, artifactType: "" }).artifactType, CONFIG_TYPE);
  assertEquals(parse({ ...INDEX, artifactType: "x/unknown" }).artifactType, "x/unknown");
  assertEquals(parse({ ...INDEX, artifactType: "" }).artifactType, undefined);
  assertInvalid({ ...IMAGE, artifactType: 1 }, "artifactType");
});

Deno.test("parseManifest() takes as many references as there may be and no more", () => {
  const many = Array.from({ length: MAX_REFERENCES }, (_, i) => descriptor(i + 10));
  assertEquals(digests({ ...INDEX, manifests: many }).length, MAX_REFERENCES);
  assertEquals(digests({ ...IMAGE, layers: many }).length, MAX_REFERENCES + 1);
  assertInvalid({ ...INDEX, manifests: [...many, descriptor(1)] }, `more than ${MAX_REFERENCES} manifests`);
  assertInvalid({ ...IMAGE, layers: [...many, descriptor(1)] }, `more than ${MAX_REFERENCES} layers`);
});

Deno.test("parseManifest() keeps its messages short for long names", () => {
  const long = "x".repeat(1 << 20);
  for (const document of [{ ...IMAGE, mediaType: long }, { ...IMAGE, [`${long}`]: { [long]: "\ud800" } }]) {
    const error = assertThrows(() => parse(document, long), RegistryError);
    assertEquals(JSON.stringify(error).length < 1000, true);
  }
});

Deno.test("parsePushedManifest() refuses media types that are longer than any, and parseManifest() reads them", () => {
  const [most, long] = ["x".repeat(255), "x".repeat(256)];
  const withTypes = (type: string): [string, unknown][] => [
    ["artifactType", { ...IMAGE, artifactType: type }],
    ["artifactType", { ...INDEX, artifactType: type }],
    ["config", { ...IMAGE, config: descriptor(1, type) }],
    ["layers[1]", { ...IMAGE, artifactType: "x/y", layers: [descriptor(1), descriptor(2, type)] }],
    ["manifests[0]", { ...INDEX, manifests: [descriptor(1, type)] }],
  ];
  for (const [, document] of withTypes(most)) parsePushedManifest(encode(document), undefined);
  for (const [place, document] of withTypes(long)) {
    const error = assertThrows(() => parsePushedManifest(encode(document), undefined), RegistryError);
    assertEquals([error.code, error.status], ["MANIFEST_INVALID", 400], place);
    assertStringIncludes(error.message, "255");
    parse(document);
  }
});

Deno.test("describeReferrer() returns the members that the specification requires in a list of referrers", () => {
  const self = parseDigest(digest(42));
  const annotations = { "org.example": "1", ["__proto__"]: "2" };
  assertEquals(describeReferrer(parse({ ...IMAGE, annotations }), self, 7), {
    mediaType: OCI_MANIFEST,
    digest: self,
    size: 7,
    artifactType: CONFIG_TYPE,
    annotations,
  });
  assertEquals(describeReferrer(parse({ ...IMAGE, artifactType: "x/y" }), self, 7).artifactType, "x/y");
});

Deno.test("describeReferrer() omits members that an index does not have", () => {
  const self = parseDigest(digest(42));
  assertEquals(describeReferrer(parse(INDEX), self, 7), { mediaType: OCI_INDEX, digest: self, size: 7 });
});
