// `@peculiar/x509` needs it to be loaded, and does not load it.
import "reflect-metadata";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate,
} from "@peculiar/x509";

/** Maximum certificates of a chain. */
const MAX_CERTIFICATES = 10;

/** Certificates from the signing one to a trusted one. */
export interface TrustedChain {
  /** The signing certificate. */
  readonly leaf: X509Certificate;
  /** The trusted certificate: the signing one itself, if it is trusted. */
  readonly anchor: X509Certificate;
  /** Time from which on every certificate is valid, in milliseconds since the epoch. */
  readonly notBefore: number;
  /** Time until which every certificate is valid. */
  readonly notAfter: number;
}

/** Certificates of `x5c` (RFC 7515 §4.1.6), the signing one first. @throws {TypeError} if it is malformed. */
export function readChain(x5c: unknown): X509Certificate[] {
  if (!Array.isArray(x5c) || x5c.length === 0) throw new TypeError("Signature has no certificates");
  if (x5c.length > MAX_CERTIFICATES) {
    throw new TypeError(`Signature has more than ${MAX_CERTIFICATES} certificates`);
  }
  try {
    return x5c.map((der) => new X509Certificate(Uint8Array.fromBase64(String(der))));
  } catch {
    throw new TypeError("Signature has a malformed certificate");
  }
}

/**
 * Part of the chain up to the first trusted certificate. `undefined` if none is trusted.
 *
 * @throws {TypeError} if the part does not hold together (RFC 5280 §6.1), or if its first certificate may not sign.
 */
export async function trustedPart(
  chain: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
): Promise<TrustedChain | undefined> {
  const end = chain.findIndex((certificate) => anchors.some((anchor) => anchor.equal(certificate)));
  if (end === -1) return undefined;
  const part = chain.slice(0, end + 1);
  const leaf = part[0]!;
  assertSigns(leaf, part.length === 1);
  for (const [below, issuer] of part.slice(1).entries()) {
    const certificate = part[below]!;
    assertIssues(issuer, below);
    if (certificate.issuer !== issuer.subject || !await isSignedBy(certificate, issuer)) {
      throw new TypeError(`Certificate of "${certificate.subject}" is not signed by "${issuer.subject}"`);
    }
  }
  return {
    leaf,
    anchor: part[end]!,
    notBefore: Math.max(...part.map(({ notBefore }) => notBefore.getTime())),
    notAfter: Math.min(...part.map(({ notAfter }) => notAfter.getTime())),
  };
}

/** `below`: number of authorities between the issuer and the signing certificate. */
function assertIssues(issuer: X509Certificate, below: number): void {
  const constraints = issuer.getExtension(BasicConstraintsExtension);
  if (constraints?.ca !== true) throw new TypeError(`"${issuer.subject}" is not a certificate authority`);
  if (constraints.pathLength !== undefined && constraints.pathLength < below) {
    throw new TypeError(`Chain is longer than "${issuer.subject}" permits`);
  }
  const usages = issuer.getExtension(KeyUsagesExtension)?.usages;
  if (usages !== undefined && (usages & KeyUsageFlags.keyCertSign) === 0) {
    throw new TypeError(`"${issuer.subject}" may not sign certificates`);
  }
}

/** An authority is no signer, except that a trusted certificate may be self-signed. */
function assertSigns(leaf: X509Certificate, isAnchor: boolean): void {
  if (!isAnchor && leaf.getExtension(BasicConstraintsExtension)?.ca === true) {
    throw new TypeError("Signing certificate is one of a certificate authority");
  }
  const usages = leaf.getExtension(KeyUsagesExtension)?.usages;
  if (usages !== undefined && (usages & KeyUsageFlags.digitalSignature) === 0) {
    throw new TypeError("Signing certificate may not sign");
  }
  const purposes = leaf.getExtension(ExtendedKeyUsageExtension)?.usages;
  if (purposes !== undefined && !purposes.includes(ExtendedKeyUsage.codeSigning)) {
    throw new TypeError("Signing certificate is not for code signing");
  }
}

async function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): Promise<boolean> {
  try {
    return await certificate.verify({ publicKey: issuer.publicKey, signatureOnly: true });
  } catch {
    // A key or an algorithm that the platform does not have.
    return false;
  }
}
