// `@peculiar/x509` needs it to be loaded, and does not load it.
import "reflect-metadata";
import { ExtendedKeyUsage } from "@peculiar/x509";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { createHmac } from "node:crypto";
import { digest, utf8 } from "../../tests/harness/stores.ts";
import { type EnvelopeOptions, NotationSigner } from "../testing/notation_signer.ts";
import { rulesOf } from "../testing/rules.ts";
import { verifyJws } from "./jws_signature.ts";

const SUBJECT = digest(utf8("image"));
const DAY_MS = 86_400_000;

/** Outcome of an envelope by a rule that trusts the signer's root. */
async function outcomeOf(signer: NotationSigner, envelope: unknown, subjects: string[] = []) {
  const [rule] = await rulesOf({ notation: [{ certificates: signer.root, subjects }] });
  return await verifyJws(utf8(JSON.stringify(envelope)), SUBJECT, { rule, now: Date.now() });
}

function base64url(text: string | Uint8Array): string {
  const bytes = typeof text === "string" ? utf8(text) : text;
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

Deno.test("verifyJws() verifies a signature whose chain leads to a trusted certificate", async () => {
  const signer = await NotationSigner.create();
  const outcome = await outcomeOf(signer, await signer.envelope(SUBJECT));
  assertEquals(outcome, {
    format: "notation-jws",
    state: "verified",
    reason: 'Signed by "CN=Release, O=Example, C=US"',
    identity: "CN=Release, O=Example, C=US",
    issuer: "CN=Root, O=Example",
    signedAt: Date.parse("2026-01-02T03:04:05Z"),
    expiresAt: outcome.expiresAt!,
  });
  // The signing certificate itself may be the trusted one.
  const [rule] = await rulesOf({ notation: [{ certificates: signer.leaf, subjects: [] }] });
  const bytes = utf8(JSON.stringify(await signer.envelope(SUBJECT)));
  assertEquals((await verifyJws(bytes, SUBJECT, { rule, now: Date.now() })).state, "verified");
});

Deno.test("verifyJws() requires every attribute of a trusted subject", async () => {
  const signer = await NotationSigner.create({ subject: "CN=Release, O=Example, ST=WA, C=US" });
  const envelope = await signer.envelope(SUBJECT);
  const cases: [subjects: string[], state: string][] = [
    [["C=US, O=Example"], "verified"],
    [["O=Elsewhere", "o=Example"], "verified"],
    [["C=US, O=Elsewhere"], "unverified"],
    [["CN=Releas"], "unverified"],
    [["CN=Release, OU=Team"], "unverified"],
  ];
  for (const [subjects, state] of cases) {
    assertEquals((await outcomeOf(signer, envelope, subjects)).state, state, subjects.join());
  }
});

Deno.test("verifyJws() does not trust a certificate of another authority", async () => {
  const [ours, theirs] = [await NotationSigner.create(), await NotationSigner.create()];
  const outcome = await outcomeOf(ours, await theirs.envelope(SUBJECT));
  assertEquals([outcome.state, outcome.identity], ["unverified", undefined]);
  // Its own certificate under our authorities: names match, signatures do not.
  const [envelope, foreign] = [await ours.envelope(SUBJECT), await theirs.envelope(SUBJECT)];
  const [, ...above] = (envelope.header as { x5c: string[] }).x5c;
  const [leaf] = (foreign.header as { x5c: string[] }).x5c;
  const mixed = await outcomeOf(ours, { ...foreign, header: { x5c: [leaf, ...above] } });
  assertEquals(mixed.state, "invalid");
  assertStringIncludes(mixed.reason, "is not signed by");
  // The key of a trusted certificate does not verify what another key has signed.
  const swapped = await outcomeOf(ours, { ...foreign, header: envelope.header });
  assertEquals(swapped.state, "invalid");
});

Deno.test("verifyJws() rejects certificates that are used against their extensions", async () => {
  const cases = {
    "not a certificate authority": await NotationSigner.create({ isIssuedByAuthority: false }),
    "one of a certificate authority": await NotationSigner.create({ isAuthority: true }),
    "not for code signing": await NotationSigner.create({ purpose: ExtendedKeyUsage.serverAuth }),
    "expired at": await NotationSigner.create({ notAfter: Date.now() - 1000 }),
    "not valid before": await NotationSigner.create({ notBefore: Date.now() + DAY_MS }),
  };
  for (const [reason, signer] of Object.entries(cases)) {
    const outcome = await outcomeOf(signer, await signer.envelope(SUBJECT));
    assertEquals(outcome.state, "invalid", reason);
    assertStringIncludes(outcome.reason, reason);
  }
});

Deno.test("verifyJws() rejects an expired signature, another manifest, and unknown headers", async () => {
  const signer = await NotationSigner.create();
  const cases: [options: EnvelopeOptions, reason: string][] = [
    [{ expiry: Date.now() - 1000 }, "Signature expired"],
    [{ target: digest(utf8("another image")) }, "another manifest"],
    [{ headers: { cty: "text/plain" } }, "not one of notation"],
    [{ headers: { "io.cncf.notary.signingScheme": "notary.x509.signingAuthority" } }, "not supported"],
    [{ critical: ["io.cncf.notary.expiry"], expiry: Date.now() + DAY_MS }, "is not critical"],
    [{ critical: ["io.cncf.notary.signingScheme"], expiry: Date.now() + DAY_MS }, "is not critical"],
    [{ headers: { "io.cncf.notary.signingTime": "yesterday" } }, "is not a time"],
  ];
  for (const [options, reason] of cases) {
    const outcome = await outcomeOf(signer, await signer.envelope(SUBJECT, options));
    assertEquals(outcome.state, "invalid", reason);
    assertStringIncludes(outcome.reason, reason);
  }
});

Deno.test("verifyJws() takes a signature until the moment at which it expires", async () => {
  const signer = await NotationSigner.create();
  const [rule] = await rulesOf({ notation: [{ certificates: signer.root, subjects: [] }] });
  const expiry = Math.floor(Date.now() / 1000) * 1000 + DAY_MS;
  const bytes = utf8(JSON.stringify(await signer.envelope(SUBJECT, { expiry })));
  assertEquals((await verifyJws(bytes, SUBJECT, { rule, now: expiry - 1 })).state, "verified");
  assertEquals((await verifyJws(bytes, SUBJECT, { rule, now: expiry })).state, "invalid");
});

Deno.test("verifyJws() trusts no certificate that only resembles a trusted one", async () => {
  const signer = await NotationSigner.create();
  const envelope = await signer.envelope(SUBJECT);
  const { x5c } = envelope.header as { x5c: string[] };
  // The last byte is one of the root's signature, which nothing else verifies.
  const root = Uint8Array.fromBase64(x5c.at(-1)!);
  root[root.length - 1]! ^= 1;
  const outcome = await outcomeOf(signer, {
    ...envelope,
    header: { x5c: [...x5c.slice(0, -1), root.toBase64()] },
  });
  assertEquals(outcome.state, "unverified");
});

Deno.test("verifyJws() rejects a changed envelope", async () => {
  const signer = await NotationSigner.create();
  const good = await signer.envelope(SUBJECT);
  const payload = (more: object) =>
    base64url(JSON.stringify({ targetArtifact: { digest: SUBJECT, size: 7, ...more } }));
  const signature = String(good.signature);
  const changes: Record<string, unknown> = {
    payload: { ...good, payload: payload({ annotations: { more: "1" } }) },
    signature: { ...good, signature: (signature.startsWith("A") ? "B" : "A") + signature.slice(1) },
    "no certificates": { ...good, header: {} },
    "no header": { ...good, header: undefined },
    "malformed certificate": { ...good, header: { x5c: ["AAAA"] } },
    "too many certificates": { ...good, header: { x5c: Array(11).fill("AAAA") } },
    "no envelope": [],
    nothing: null,
  };
  for (const [name, envelope] of Object.entries(changes)) {
    assertEquals((await outcomeOf(signer, envelope)).state, "invalid", name);
  }
});

Deno.test("verifyJws() rejects other algorithms than those of notation", async () => {
  const signer = await NotationSigner.create();
  const good = await signer.envelope(SUBJECT);
  const header = JSON.parse(
    new TextDecoder().decode(Uint8Array.fromBase64(String(good.protected), { alphabet: "base64url" })),
  );
  const forged = (alg: string, sign: (data: string) => Uint8Array) => {
    const part = base64url(JSON.stringify({ ...header, alg }));
    return { ...good, protected: part, signature: base64url(sign(`${part}.${good.payload}`)) };
  };
  const envelopes = {
    none: forged("none", () => new Uint8Array()),
    // The certificate is public, so its key must never be the secret of a symmetric algorithm.
    HS256: forged("HS256", (data) => createHmac("sha256", signer.leaf).update(data).digest()),
    RS256: forged("RS256", () => new Uint8Array(256)),
    ES384: forged("ES384", () => new Uint8Array(96)),
    PS256: forged("PS256", () => new Uint8Array(256)),
  };
  for (const [name, envelope] of Object.entries(envelopes)) {
    assertEquals((await outcomeOf(signer, envelope)).state, "invalid", name);
  }
});
