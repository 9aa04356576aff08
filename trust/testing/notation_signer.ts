// `@peculiar/x509` needs it to be loaded, and does not load it.
import "reflect-metadata";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { FlattenedSign } from "jose";
import type { Digest } from "../../oci/mod.ts";
import type { Registry } from "../../registry/mod.ts";
import { IMAGE, utf8 } from "../../tests/harness/stores.ts";
import { attach } from "./signed_images.ts";

const P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const P384 = { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" };

const DAY_MS = 86_400_000;

/** Parts of a chain that a test changes. */
export interface ChainOptions {
  /** Subject of the signing certificate. */
  subject?: string;
  /** Validity of the signing certificate, in milliseconds since the epoch. */
  notBefore?: number;
  /** End of its validity. */
  notAfter?: number;
  /** Usage of its key. */
  purpose?: string;
  /** True if the signing certificate is one of an authority. */
  isAuthority?: boolean;
  /** False if the certificate above it is none of an authority. */
  isIssuedByAuthority?: boolean;
}

/** Protected headers and payload that a test changes. */
export interface EnvelopeOptions {
  /** Digest in the payload. */
  target?: string;
  /** Expiry of the signature, in milliseconds since the epoch. */
  expiry?: number;
  /** Headers that replace others. */
  headers?: Record<string, unknown>;
  /** Names in `crit`. */
  critical?: string[];
}

/** Signer with a certificate of its own authority, by the specification of notation. */
export class NotationSigner {
  readonly #key: CryptoKey;
  readonly #chain: X509Certificate[];

  private constructor(key: CryptoKey, chain: X509Certificate[]) {
    this.#key = key;
    this.#chain = chain;
  }

  /** A root, an intermediate and a signing certificate. */
  static async create(options: ChainOptions = {}): Promise<NotationSigner> {
    const [root, middle, leaf] = await Promise.all(
      [P384, P384, P256].map((algorithm) => crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])),
    ) as [CryptoKeyPair, CryptoKeyPair, CryptoKeyPair];
    const [rootName, middleName] = ["CN=Root, O=Example", "CN=Intermediate, O=Example"];
    const certificates = [
      await certify({ subject: rootName, issuer: rootName, key: root, signer: root, isAuthority: true }),
      await certify({
        subject: middleName,
        issuer: rootName,
        key: middle,
        signer: root,
        isAuthority: options.isIssuedByAuthority ?? true,
      }),
      await certify({
        subject: options.subject ?? "CN=Release, O=Example, C=US",
        issuer: middleName,
        key: leaf,
        signer: middle,
        isAuthority: options.isAuthority ?? false,
        ...options,
      }),
    ];
    return new NotationSigner(leaf.privateKey, certificates.reverse());
  }

  /** The root in PEM. */
  get root(): string {
    return this.#chain.at(-1)!.toString("pem");
  }

  /** Signing certificate in PEM. */
  get leaf(): string {
    return this.#chain[0]!.toString("pem");
  }

  /** Envelope for a digest. */
  async envelope(digest: Digest, options: EnvelopeOptions = {}): Promise<Record<string, unknown>> {
    const { target = digest, expiry, headers = {}, critical } = options;
    const payload = { targetArtifact: { mediaType: IMAGE, digest: target, size: 7 } };
    const names = [
      "io.cncf.notary.signingScheme",
      ...(expiry === undefined ? [] : ["io.cncf.notary.expiry"]),
    ];
    const signed = await new FlattenedSign(utf8(JSON.stringify(payload)))
      .setProtectedHeader({
        alg: "ES256",
        cty: "application/vnd.cncf.notary.payload.v1+json",
        crit: critical ?? names,
        "io.cncf.notary.signingScheme": "notary.x509",
        "io.cncf.notary.signingTime": "2026-01-02T03:04:05Z",
        ...(expiry !== undefined && { "io.cncf.notary.expiry": new Date(expiry).toISOString() }),
        ...headers,
      })
      .sign(this.#key, {
        crit: { "io.cncf.notary.signingScheme": true, "io.cncf.notary.expiry": true },
      });
    const x5c = this.#chain.map((certificate) => new Uint8Array(certificate.rawData).toBase64());
    return { ...signed, header: { x5c, "io.cncf.notary.signingAgent": "test/1.0" } };
  }

  /** Pushes an envelope as a referrer. */
  static async push(registry: Registry, subject: Uint8Array, envelope: unknown): Promise<Digest> {
    return await attach(registry, subject, {
      bytes: utf8(JSON.stringify(envelope)),
      type: "application/jose+json",
      artifactType: "application/vnd.cncf.notary.signature",
    });
  }
}

interface CertificateParts extends Pick<ChainOptions, "notBefore" | "notAfter" | "purpose"> {
  subject: string;
  issuer: string;
  key: CryptoKeyPair;
  signer: CryptoKeyPair;
  isAuthority: boolean;
}

async function certify(parts: CertificateParts): Promise<X509Certificate> {
  const { subject, issuer, key, signer, isAuthority } = parts;
  const { notBefore = Date.now() - DAY_MS, notAfter = Date.now() + 30 * DAY_MS } = parts;
  return await X509CertificateGenerator.create({
    subject,
    issuer,
    publicKey: key.publicKey,
    signingKey: signer.privateKey,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-384" },
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    extensions: [
      new BasicConstraintsExtension(isAuthority, undefined, true),
      new KeyUsagesExtension(isAuthority ? KeyUsageFlags.keyCertSign : KeyUsageFlags.digitalSignature, true),
      ...(isAuthority
        ? []
        : [new ExtendedKeyUsageExtension([parts.purpose ?? ExtendedKeyUsage.codeSigning])]),
    ],
  });
}
