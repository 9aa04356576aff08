import { flattenedVerify, importX509 } from "jose";
import type { Digest } from "../../oci/mod.ts";
import { isObject, parseJson } from "../json.ts";
import { invalid, type Outcome, reasonOf, unverified } from "../outcome.ts";
import { readChain, type TrustedChain, trustedPart } from "./certificate_chain.ts";
import { isTrustedSubject, type NotationTrust } from "./notation_trust.ts";

/** Media type of a notation signature as a JSON Web Signature: a layer of its manifest. */
export const JWS_TYPE = "application/jose+json";

/** Media type of a notation signature in COSE, which is not verified. */
export const COSE_TYPE = "application/cose";

/** Algorithms of the notation specification; there is no `none` and no symmetric one. */
const ALGORITHMS = ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

const PAYLOAD_TYPE = "application/vnd.cncf.notary.payload.v1+json";
const SCHEME = "io.cncf.notary.signingScheme";
const SIGNING_TIME = "io.cncf.notary.signingTime";
const EXPIRY = "io.cncf.notary.expiry";

/** Parts of an envelope, before anything in it is verified. */
interface Envelope {
  jws: { payload: string; protected: string; signature: string };
  header: Record<string, unknown>;
  x5c: unknown;
}

/** Verifies a JWS envelope of notation by one rule, or only its form and subject without one. */
export async function verifyJws(
  bytes: Uint8Array,
  digest: Digest,
  { rule, now }: { rule: { notation: readonly NotationTrust[] } | undefined; now: number },
): Promise<Outcome> {
  const format = "notation-jws" as const;
  try {
    const envelope = readEnvelope(bytes);
    assertTarget(envelope.jws.payload, digest);
    if (rule === undefined) {
      return unverified({ format, reason: "No rule of `verify` is for this repository" });
    }
    return await verifyByRule(envelope, rule, now);
  } catch (error) {
    // Errors of the library: a wrong signature, a critical header that is not known, a key of another algorithm.
    return invalid({ format, reason: reasonOf(error) });
  }
}

async function verifyByRule(
  envelope: Envelope,
  rule: { notation: readonly NotationTrust[] },
  now: number,
): Promise<Outcome> {
  const format = "notation-jws" as const;
  const chain = readChain(envelope.x5c);
  await assertSignature(envelope, chain[0]!.toString("pem"));
  const { signedAt, expiry } = timesOf(envelope.header);
  let untrusted: Outcome = unverified({
    format,
    reason: "Certificate is of an authority that no rule trusts",
  });
  for (const { anchors, subjects } of rule.notation) {
    const trusted = await trustedPart(chain, anchors);
    if (trusted === undefined) continue;
    const signer = { identity: trusted.leaf.subject, issuer: trusted.anchor.subject };
    const expiresAt = Math.min(trusted.notAfter, expiry ?? Infinity);
    const parts = { format, ...signer, ...(signedAt !== undefined && { signedAt }), expiresAt };
    const late = lateness(trusted, expiry, now);
    if (late !== undefined) return invalid({ ...parts, reason: late });
    if (isTrustedSubject(trusted.leaf, subjects)) {
      return { ...parts, state: "verified", reason: `Signed by "${signer.identity}"` };
    }
    untrusted = unverified({ ...parts, reason: `Signed by "${signer.identity}", whom no rule trusts` });
  }
  return untrusted;
}

/** Reason if the signature is not valid now. Without a timestamp of an authority, its claimed time proves nothing. */
function lateness(
  { notBefore, notAfter }: TrustedChain,
  expiry: number | undefined,
  now: number,
): string | undefined {
  if (now < notBefore) return `Certificate is not valid before ${new Date(notBefore).toISOString()}`;
  if (now >= notAfter) return `Certificate expired at ${new Date(notAfter).toISOString()}`;
  if (expiry !== undefined && now >= expiry) return `Signature expired at ${new Date(expiry).toISOString()}`;
  return undefined;
}

function readEnvelope(bytes: Uint8Array): Envelope {
  const document = parseJson(bytes);
  const { payload, protected: header, signature, header: open } = isObject(document) ? document : {};
  if (typeof payload !== "string" || typeof header !== "string" || typeof signature !== "string") {
    throw new TypeError("Signature is not a JSON Web Signature");
  }
  const parsed = parsePart(header);
  return {
    jws: { payload, protected: header, signature },
    header: parsed,
    x5c: isObject(open) ? open.x5c : undefined,
  };
}

function parsePart(part: string): Record<string, unknown> {
  const value = parseJson(Uint8Array.fromBase64(part, { alphabet: "base64url" }));
  if (!isObject(value)) throw new TypeError("Part of the signature is not a JSON object");
  return value;
}

function assertTarget(payload: string, digest: Digest): void {
  const { targetArtifact } = parsePart(payload);
  if (isObject(targetArtifact) && targetArtifact.digest === digest) return;
  throw new TypeError(`Signed for another manifest than ${digest}`);
}

/** Verifies the signature with the certificate's key, and that the header is one of the scheme `notary.x509`. */
async function assertSignature({ jws, header }: Envelope, pem: string): Promise<void> {
  const { alg, cty } = header;
  if (typeof alg !== "string" || !ALGORITHMS.includes(alg)) {
    throw new TypeError(`Algorithm ${JSON.stringify(alg)} is not one of notation`);
  }
  if (cty !== PAYLOAD_TYPE) throw new TypeError("Payload is not one of notation");
  if (header[SCHEME] !== "notary.x509") {
    throw new TypeError(`Signing scheme ${JSON.stringify(header[SCHEME])} is not supported`);
  }
  // A header that changes the meaning must be critical, or a program that does not know it would ignore it.
  const critical = Array.isArray(header.crit) ? header.crit : [];
  for (const name of [SCHEME, ...(Object.hasOwn(header, EXPIRY) ? [EXPIRY] : [])]) {
    if (!critical.includes(name)) throw new TypeError(`Header "${name}" is not critical`);
  }
  await flattenedVerify(jws, await importX509(pem, alg), {
    algorithms: ALGORITHMS,
    crit: { [SCHEME]: true, [EXPIRY]: true },
  });
}

function timesOf(header: Record<string, unknown>): { signedAt?: number; expiry?: number } {
  const signedAt = readTime(header, SIGNING_TIME);
  const expiry = readTime(header, EXPIRY);
  return { ...(signedAt !== undefined && { signedAt }), ...(expiry !== undefined && { expiry }) };
}

function readTime(header: Record<string, unknown>, name: string): number | undefined {
  if (!Object.hasOwn(header, name)) return undefined;
  const time = Date.parse(String(header[name]));
  if (Number.isNaN(time)) throw new TypeError(`Header "${name}" is not a time`);
  return time;
}
