// `@peculiar/x509` needs it to be loaded, and does not load it.
import "reflect-metadata";
import { X509Certificate } from "@peculiar/x509";

/** Certificates and subjects that a rule trusts for notation. */
export interface NotationTrust {
  /** Trusted certificates. */
  readonly anchors: readonly X509Certificate[];
  /** Required attributes of the signing certificate's subject, of one of several names; empty for any subject. */
  readonly subjects: readonly Name[];
}

/** Attributes of a distinguished name: type and value, such as `O` and `Example`. */
export type Name = readonly (readonly [string, string])[];

/** Trust of the PEM text of certificates. @throws {TypeError} if it has none, or if a subject is malformed. */
export function readNotationTrust(pem: string, subjects: readonly string[]): NotationTrust {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new TypeError("Found no certificate in PEM");
  let anchors: X509Certificate[];
  try {
    anchors = blocks.map((block) => new X509Certificate(block));
  } catch {
    throw new TypeError("A certificate is malformed");
  }
  return { anchors, subjects: subjects.map(readName) };
}

/** Attributes of a distinguished name as text (RFC 4514). @throws {TypeError} if it is malformed. */
export function readName(text: string): Name {
  const attributes: [string, string][] = [];
  // Commas and plus signs separate attributes, unless they are escaped.
  for (const part of text.match(/(?:\\.|[^\\,+])+/g) ?? []) {
    const [, type, value] = /^\s*([A-Za-z][A-Za-z0-9-]*|[0-9.]+)\s*=\s*(.*?)\s*$/s.exec(part) ?? [];
    if (type === undefined || value === undefined || value === "") {
      throw new TypeError(`Subject "${text}" is not a distinguished name such as "C=US, O=Example"`);
    }
    attributes.push([type.toUpperCase(), value.replace(/\\(.)/gs, "$1")]);
  }
  if (attributes.length === 0) {
    throw new TypeError(`Subject "${text}" is not a distinguished name such as "C=US, O=Example"`);
  }
  return attributes;
}

/** True if the subject of the certificate has every attribute of one of the names. */
export function isTrustedSubject(certificate: X509Certificate, subjects: readonly Name[]): boolean {
  if (subjects.length === 0) return true;
  const present = certificate.subjectName.toJSON().flatMap((names) =>
    Object.entries(names).flatMap(([type, values]) =>
      values.map((value) => JSON.stringify([type.toUpperCase(), value]))
    )
  );
  return subjects.some((name) => name.every((attribute) => present.includes(JSON.stringify(attribute))));
}
