import type { Fact, ReferrerContent } from "../schemas/mod.ts";
import type { ManifestDocument, Part } from "../manifest_document.ts";
import { arrayOf, objectOf, textOf } from "../values.ts";
import type { Head } from "./sbom.ts";

/** Signature of cosign, a Sigstore bundle or notation: what it says about itself. Nothing is verified here. */
export function describeSignature(
  head: Head,
  kind: ManifestDocument["kind"],
  document: Record<string, unknown>,
  blob: Part,
): ReferrerContent | undefined {
  switch (kind) {
    case "cosign-signature":
      return { type: "signature", ...head, format: "cosign", facts: cosignFacts(document, blob) };
    case "sigstore-bundle":
      return { type: "signature", ...head, format: "sigstore bundle", facts: bundleFacts(document) };
    case "notation-signature":
      return { type: "signature", ...head, format: "notation", facts: notationFacts(document) };
    default:
      return undefined;
  }
}

function rows(entries: readonly [string, unknown][]): Fact[] {
  return entries.flatMap(([name, value]) => {
    const text = typeof value === "number" ? String(value) : textOf(value);
    return text === undefined ? [] : [{ name, value: text }];
  });
}

/** Simple signing payload (containers/image, atomic-signature.md). */
function cosignFacts(document: Record<string, unknown>, { annotations }: Part): Fact[] {
  const { identity, image } = objectOf(document.critical);
  return rows([
    ["Signs", objectOf(image)["docker-manifest-digest"]],
    ["Reference", objectOf(identity)["docker-reference"]],
    ["Certificate", annotations["dev.sigstore.cosign/certificate"] === undefined ? undefined : "present"],
    ["Transparency log", annotations["dev.sigstore.cosign/bundle"] === undefined ? undefined : "present"],
  ]);
}

function bundleFacts(document: Record<string, unknown>): Fact[] {
  const { verificationMaterial, dsseEnvelope, messageSignature } = objectOf(document) as Record<
    string,
    unknown
  >;
  const material = objectOf(verificationMaterial);
  const entries = arrayOf(material.tlogEntries);
  const { payloadType } = objectOf(dsseEnvelope);
  return rows([
    ["Signs", messageSignature === undefined ? textOf(payloadType) : "message"],
    ["Certificate", material.certificate ?? material.x509CertificateChain ? "present" : undefined],
    ["Public key", objectOf(material.publicKey).hint],
    ["Transparency log entries", entries.length],
    ["Log index", objectOf(entries[0]).logIndex],
  ]);
}

/** JWS envelope of notation (signature-envelope-jws.md). */
function notationFacts(document: Record<string, unknown>): Fact[] {
  const claims = claimsIn(document.protected);
  const target = objectOf(objectOf(claimsIn(document.payload)).targetArtifact);
  return rows([
    ["Signs", target.digest],
    ["Algorithm", claims.alg],
    ["Signing scheme", claims["io.cncf.notary.signingScheme"]],
    ["Signing time", claims["io.cncf.notary.signingTime"]],
    ["Expiry", claims["io.cncf.notary.expiry"]],
  ]);
}

function claimsIn(text: unknown): Record<string, unknown> {
  try {
    const bytes = Uint8Array.fromBase64(textOf(text) ?? "", { alphabet: "base64url" });
    return objectOf(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return {};
  }
}
