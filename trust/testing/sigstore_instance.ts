import {
  initializeCA,
  initializeCTLog,
  initializeTLog,
  initializeTSA,
  rekorHandler,
} from "npm:@sigstore/mock@0.13.0";
import { Buffer } from "node:buffer";
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { preAuthEncoding } from "../statement.ts";

/** Object identifier of the issuer in a certificate of Fulcio. */
const ISSUER_OID = "1.3.6.1.4.1.57264.1.8";

const MINUTE_MS = 60_000;

/** Signer and proofs of a keyless signature. */
export interface KeylessOptions {
  /** Subject alternative name. */
  identity?: string;
  /** OpenID Connect issuer. */
  issuer?: string;
  /** Proof of the time: an entry in the log, a timestamp, or both. The log by default. */
  proofs?: ("log" | "timestamp")[];
}

/** Content of a signature: an in-toto statement, or the bytes of an artifact. */
export type Content = { statement: unknown } | { artifact: Uint8Array };

/** Default identity of {@linkcode SigstoreInstance.sign}. */
export const IDENTITY = "https://ci.example.com/acme/app/.build.yml@refs/heads/main";

/** Default issuer of {@linkcode SigstoreInstance.sign}. */
export const ISSUER = "https://ci.example.com";

type Der = Buffer<ArrayBuffer>;

/** Bytes that the mock gives in one of several forms. */
function der(view: ArrayBufferView): Der {
  return Buffer.from(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
}

/** Fulcio, Rekor, CT log and timestamp authority of a test, with their keys. */
export class SigstoreInstance {
  readonly #ca: Awaited<ReturnType<typeof initializeCA>>;
  readonly #ctLog: Awaited<ReturnType<typeof initializeCTLog>>;
  readonly #log: Awaited<ReturnType<typeof initializeTLog>>;
  readonly #tsa: Awaited<ReturnType<typeof initializeTSA>>;

  private constructor(parts: [
    Awaited<ReturnType<typeof initializeCA>>,
    Awaited<ReturnType<typeof initializeCTLog>>,
    Awaited<ReturnType<typeof initializeTLog>>,
    Awaited<ReturnType<typeof initializeTSA>>,
  ]) {
    [this.#ca, this.#ctLog, this.#log, this.#tsa] = parts;
  }

  /** An instance with new keys. Certificates are issued at `clock`, now by default. */
  static async start({ clock }: { clock?: Date } = {}): Promise<SigstoreInstance> {
    const ctLog = await initializeCTLog(pair("P-256"));
    return new SigstoreInstance([
      // As at Sigstore, the authority has a larger key than its certificates.
      await initializeCA(pair("P-384"), ctLog, clock),
      ctLog,
      await initializeTLog("https://rekor.example.com", pair("P-256")),
      // Whole seconds: the library cannot read a fraction of one or two digits, as the mock writes it. Its certificates
      // must be valid by then.
      await initializeTSA(pair("P-384"), new Date(Math.ceil(Date.now() / 1000 + 2) * 1000)),
    ]);
  }

  /** The trusted root, as in `trusted_root.json`. */
  trustedRoot(): string {
    const validFor = { start: new Date(Date.now() - 60 * MINUTE_MS).toISOString() };
    const log = (key: Der) => ({
      hashAlgorithm: "SHA2_256",
      publicKey: { rawBytes: key.toString("base64"), keyDetails: "PKIX_ECDSA_P256_SHA_256", validFor },
      logId: { keyId: createHash("sha256").update(key).digest("base64") },
    });
    const authority = (certificates: Der[]) => ({
      subject: { organization: "Example", commonName: "Example" },
      certChain: { certificates: certificates.map((bytes) => ({ rawBytes: bytes.toString("base64") })) },
      validFor,
    });
    return JSON.stringify({
      mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
      tlogs: [{ baseUrl: "https://rekor.example.com", ...log(der(this.#log.publicKey)) }],
      certificateAuthorities: [{
        uri: "https://fulcio.example.com",
        ...authority([der(this.#ca.rootCertificate)]),
      }],
      ctlogs: [{ baseUrl: "https://ct.example.com", ...log(der(this.#ctLog.publicKey)) }],
      timestampAuthorities: [authority([der(this.#tsa.intCertificate), der(this.#tsa.rootCertificate)])],
    });
  }

  /** Signs with a certificate of this instance. Returns the bundle as JSON. */
  async sign(content: Content, options: KeylessOptions = {}): Promise<Record<string, unknown>> {
    const { identity = IDENTITY, issuer = ISSUER, proofs = ["log"] } = options;
    const key = pair("P-256");
    const certificate = der(
      await this.#ca.issueCertificate({
        publicKey: spki(key.publicKey),
        subjectAltName: identity,
        extensions: [{ oid: ISSUER_OID, value: issuer }],
      }),
    );
    const { json, signature, entry } = signContent(content, key.privateKey, certificate);
    return {
      mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
      verificationMaterial: {
        certificate: { rawBytes: certificate.toString("base64") },
        tlogEntries: proofs.includes("log") ? [await this.#record(entry)] : [],
        timestampVerificationData: {
          rfc3161Timestamps: proofs.includes("timestamp") ? [await this.#timestamp(signature)] : [],
        },
      },
      ...json,
    };
  }

  async #record(entry: Record<string, unknown>): Promise<unknown> {
    const answer = await rekorHandler(this.#log).fn(JSON.stringify(entry));
    const [recorded] = Object.values(JSON.parse(String(answer.response))) as [LogEntry];
    const { inclusionProof, signedEntryTimestamp } = recorded.verification;
    const fromHex = (hex: string) => Buffer.from(hex, "hex").toString("base64");
    return {
      logIndex: String(recorded.logIndex),
      logId: { keyId: fromHex(recorded.logID) },
      kindVersion: { kind: entry.kind, version: entry.apiVersion },
      integratedTime: String(recorded.integratedTime),
      inclusionPromise: { signedEntryTimestamp },
      inclusionProof: {
        logIndex: String(inclusionProof.logIndex),
        rootHash: fromHex(inclusionProof.rootHash),
        treeSize: String(inclusionProof.treeSize),
        hashes: inclusionProof.hashes.map(fromHex),
        checkpoint: { envelope: inclusionProof.checkpoint },
      },
      canonicalizedBody: recorded.body,
    };
  }

  async #timestamp(signature: Uint8Array): Promise<unknown> {
    const response = der(
      await this.#tsa.timestamp({
        artifactHash: createHash("sha256").update(signature).digest(),
        hashAlgorithmOID: "2.16.840.1.101.3.4.2.1",
        nonce: 1,
        policyOID: "1.3.6.1.4.1.57264.2",
        certReq: false,
      }),
    );
    return { signedTimestamp: response.toString("base64") };
  }
}

/** Entry of the log, as Rekor answers it. */
interface LogEntry {
  body: string;
  integratedTime: number;
  logID: string;
  logIndex: number;
  verification: {
    signedEntryTimestamp: string;
    inclusionProof: {
      checkpoint: string;
      hashes: string[];
      logIndex: number;
      rootHash: string;
      treeSize: number;
    };
  };
}

/** Signature of the content as a part of a bundle, and the entry for the log. */
function signContent(content: Content, key: KeyObject, certificate: Der) {
  const verifier = Buffer.from(pem(certificate)).toString("base64");
  const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");
  if ("artifact" in content) {
    const signature = sign("sha256", content.artifact, key);
    const digest = createHash("sha256").update(content.artifact).digest("base64");
    return {
      signature,
      json: {
        messageSignature: {
          messageDigest: { algorithm: "SHA2_256", digest },
          signature: signature.toString("base64"),
        },
      },
      entry: {
        apiVersion: "0.0.1",
        kind: "hashedrekord",
        spec: {
          data: { hash: { algorithm: "sha256", value: sha256(content.artifact) } },
          signature: { content: signature.toString("base64"), publicKey: { content: verifier } },
        },
      },
    };
  }
  const payloadType = "application/vnd.in-toto+json";
  const payload = Buffer.from(JSON.stringify(content.statement));
  const signature = sign("sha256", preAuthEncoding(payloadType, payload), key);
  const dsseEnvelope = {
    payload: payload.toString("base64"),
    payloadType,
    signatures: [{ sig: signature.toString("base64") }],
  };
  return {
    signature,
    json: { dsseEnvelope },
    entry: {
      apiVersion: "0.0.1",
      kind: "dsse",
      spec: {
        payloadHash: { algorithm: "sha256", value: sha256(payload) },
        envelopeHash: { algorithm: "sha256", value: sha256(Buffer.from(JSON.stringify(dsseEnvelope))) },
        signatures: [{ signature: signature.toString("base64"), verifier }],
      },
    },
  };
}

/** Text of a certificate. */
export function pem(certificate: Der): string {
  const lines = certificate.toString("base64").match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** New pair of keys on a curve. */
export function pair(namedCurve: string) {
  return generateKeyPairSync("ec", { namedCurve });
}

function spki(key: KeyObject): Der {
  return Buffer.from(key.export({ format: "der", type: "spki" }));
}
