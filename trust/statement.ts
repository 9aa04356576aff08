import type { Digest } from "../oci/mod.ts";
import { isObject, parseJson } from "./json.ts";

/** Type of the payload of an in-toto envelope. */
export const IN_TOTO_TYPE = "application/vnd.in-toto+json";

const STATEMENT_TYPES = ["https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"];

/** The predicate type with which cosign signs an image by a bundle. It says nothing except "signed". */
export const COSIGN_SIGN = "https://sigstore.dev/cosign/sign/v1";

/** Parts of an in-toto statement. */
export interface Statement {
  /** Type of the predicate. */
  predicateType: string;
  /** True if the digest is one of the statement's subjects. */
  isAbout(digest: Digest): boolean;
}

/** Statement in a payload. @throws {TypeError} if it is none. */
export function readStatement(payload: Uint8Array): Statement {
  let document: unknown;
  try {
    document = parseJson(payload);
  } catch {
    throw new TypeError("Statement is not JSON");
  }
  if (!isObject(document) || !STATEMENT_TYPES.includes(String(document._type))) {
    throw new TypeError("Payload is not an in-toto statement");
  }
  const { predicateType, subject } = document;
  if (typeof predicateType !== "string" || !Array.isArray(subject)) {
    throw new TypeError("Statement has no predicate type or no subjects");
  }
  return {
    predicateType,
    isAbout(digest) {
      const colon = digest.indexOf(":");
      const [algorithm, hex] = [digest.slice(0, colon), digest.slice(colon + 1)];
      return subject.some((entry: unknown) =>
        isObject(entry) && isObject(entry.digest) && Object.hasOwn(entry.digest, algorithm) &&
        entry.digest[algorithm] === hex
      );
    },
  };
}

/** Bytes that a DSSE signature signs: the pre-authentication encoding of the payload. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const encoder = new TextEncoder();
  const type = encoder.encode(payloadType);
  const start = `DSSEv1 ${type.length} ${payloadType} ${payload.length} `;
  const head = encoder.encode(start);
  const encoded = new Uint8Array(head.length + payload.length);
  encoded.set(head);
  encoded.set(payload, head.length);
  return encoded;
}
