import { Buffer } from "node:buffer";
import { type KeyObject, sign } from "node:crypto";
import type { Digest } from "../../oci/mod.ts";
import type { Registry } from "../../registry/mod.ts";
import {
  body,
  digest,
  IMAGE,
  imageOf,
  PRINCIPAL,
  pushBlob,
  pushManifest,
  REPOSITORY,
  TestStores,
  utf8,
} from "../../tests/harness/stores.ts";
import { CONFIG, LAYER } from "../../tests/harness/images.ts";
import { COSIGN_SIGN, preAuthEncoding } from "../statement.ts";
import { pair } from "./sigstore_instance.ts";

/** Bytes of the empty JSON object, which is the config of artifacts. */
const EMPTY = utf8("{}");

const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";

/** A registry with an image, and the pushes of signatures. */
export async function signedImages() {
  const stores = new TestStores({ partSize: 1024 * 1024 });
  const { registry } = stores.registry();
  for (const bytes of [CONFIG, LAYER, EMPTY]) await pushBlob(registry, bytes);
  const image = imageOf(CONFIG, [LAYER]);
  await pushManifest(registry, image);
  return { registry, stores, image, subject: digest(image) };
}

/** Another image than that of {@linkcode signedImages}, with the same blobs. */
export function otherImage(name = "other"): Uint8Array<ArrayBuffer> {
  return imageOf(CONFIG, [LAYER], { annotations: { name } });
}

/** An in-toto statement about a digest. */
export function statementAbout(
  subject: Digest,
  predicateType: string = COSIGN_SIGN,
  predicate: unknown = {},
) {
  const [algorithm, hex] = subject.split(":") as [string, string];
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "", digest: { [algorithm]: hex } }],
    predicateType,
    predicate,
  };
}

/** Pushes a referrer with one blob. Returns its digest. */
export async function attach(
  registry: Registry,
  subject: Uint8Array,
  blob: { bytes: Uint8Array<ArrayBuffer>; type: string; artifactType?: string },
  more: Record<string, unknown> = {},
): Promise<Digest> {
  await pushWhole(registry, blob.bytes);
  const manifest = utf8(JSON.stringify({
    schemaVersion: 2,
    mediaType: IMAGE,
    artifactType: blob.artifactType ?? blob.type,
    config: { mediaType: "application/vnd.oci.empty.v1+json", digest: digest(EMPTY), size: EMPTY.length },
    layers: [{ mediaType: blob.type, digest: digest(blob.bytes), size: blob.bytes.length }],
    subject: { mediaType: IMAGE, digest: digest(subject), size: subject.length },
    ...more,
  }));
  return await pushManifest(registry, manifest);
}

/** Pushes a blob in one chunk: those of the harness are small. */
async function pushWhole(registry: Registry, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  await registry.putBlob(REPOSITORY, PRINCIPAL, digest(bytes), body(bytes, { chunk: bytes.length }));
}

/** Pushes a bundle as a referrer. */
export async function attachBundle(
  registry: Registry,
  subject: Uint8Array,
  bundle: unknown,
): Promise<Digest> {
  return await attach(registry, subject, { bytes: utf8(JSON.stringify(bundle)), type: BUNDLE });
}

/** A key pair of cosign. */
export class KeySigner {
  readonly #private: KeyObject;
  /** Public key in PEM. */
  readonly pem: string;
  readonly #hint: string;

  /** A new pair. */
  constructor({ hint = "" }: { hint?: string } = {}) {
    const { privateKey, publicKey } = pair("P-256");
    this.#private = privateKey;
    this.pem = publicKey.export({ format: "pem", type: "spki" }).toString();
    this.#hint = hint;
  }

  /** Bundle with a statement. */
  bundle(statement: unknown): Record<string, unknown> {
    const payloadType = "application/vnd.in-toto+json";
    const payload = Buffer.from(JSON.stringify(statement));
    const signature = sign("sha256", preAuthEncoding(payloadType, payload), this.#private);
    return {
      mediaType: BUNDLE,
      verificationMaterial: { publicKey: { hint: this.#hint } },
      dsseEnvelope: {
        payload: payload.toString("base64"),
        payloadType,
        signatures: [{ sig: signature.toString("base64") }],
      },
    };
  }

  /** Signature in base64. */
  sign(data: Uint8Array): string {
    return sign("sha256", data, this.#private).toString("base64");
  }

  /** Pushes a signature of cosign before version 3, under its tag. `payloadFor` is the digest in the payload. */
  async pushSimple(
    registry: Registry,
    subject: Digest,
    options: { payloadFor?: Digest; signature?: string; type?: string } = {},
  ): Promise<Digest> {
    const payload = utf8(JSON.stringify({
      critical: {
        identity: { "docker-reference": "registry.example.com/library/test" },
        image: { "docker-manifest-digest": options.payloadFor ?? subject },
        type: options.type ?? "cosign container image signature",
      },
      optional: null,
    }));
    await pushBlob(registry, payload);
    const manifest = utf8(JSON.stringify({
      schemaVersion: 2,
      mediaType: IMAGE,
      config: {
        mediaType: "application/vnd.oci.image.config.v1+json",
        digest: digest(CONFIG),
        size: CONFIG.length,
      },
      layers: [{
        mediaType: "application/vnd.dev.cosign.simplesigning.v1+json",
        digest: digest(payload),
        size: payload.length,
        annotations: { "dev.cosignproject.cosign/signature": options.signature ?? this.sign(payload) },
      }],
    }));
    return await pushManifest(registry, manifest, `${subject.replace(":", "-")}.sig`);
  }
}
