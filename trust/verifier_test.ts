import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Digest, RegistryError, unavailable } from "../oci/mod.ts";
import { digest, OTHER, pushBlob, pushManifest, REPOSITORY, utf8 } from "../tests/harness/stores.ts";
import { content } from "../tests/harness/stores.ts";
import type { Signature } from "./report.ts";
import { IDENTITY, ISSUER, SigstoreInstance } from "./testing/sigstore_instance.ts";
import {
  attach,
  attachBundle,
  KeySigner,
  otherImage,
  signedImages,
  statementAbout,
} from "./testing/signed_images.ts";
import { NotationSigner } from "./testing/notation_signer.ts";
import { rulesOf } from "./testing/rules.ts";
import { Verifier } from "./verifier.ts";

/** State and reason of the only signature. */
function only(signatures: Signature[]): [string, string] {
  assertEquals(signatures.length, 1);
  return [signatures[0]!.state, signatures[0]!.reason];
}

Deno.test("report() verifies a signature of cosign under its tag by the key of a rule", async () => {
  const { registry, subject } = await signedImages();
  const [signer, other] = [new KeySigner(), new KeySigner()];
  const rules = await rulesOf({ keys: { other: other.pem, release: signer.pem } });
  const verifier = new Verifier({ store: registry, rules });
  assertEquals((await verifier.report(REPOSITORY, subject)).state, "unsigned");
  const manifest = await signer.pushSimple(registry, subject);
  const report = await verifier.report(REPOSITORY, subject);
  assertEquals(report, {
    digest: subject,
    state: "verified",
    complete: true,
    rules: [{
      name: "rule-1",
      mode: "enforce",
      enforce: ["pull", "tag"],
      met: true,
      reason: 'Signed with key "release"',
    }],
    signatures: [{
      format: "cosign",
      manifest,
      state: "verified",
      reason: 'Signed with key "release"',
      key: "release",
      rules: ["rule-1"],
    }],
  });
});

Deno.test("report() does not verify a signature of cosign that is changed or of another manifest", async () => {
  const { registry, subject } = await signedImages();
  const signer = new KeySigner();
  const rules = await rulesOf({ keys: { release: signer.pem } });
  const other = digest(otherImage());
  const cases: [options: Parameters<KeySigner["pushSimple"]>[2], state: string, reason: string][] = [
    [{ payloadFor: other }, "invalid", "another manifest"],
    [{ type: "something else" }, "invalid", "not a signature of an image"],
    [{ signature: signer.sign(utf8("something else")) }, "unverified", "No key of the rule"],
    [{ signature: "AAAA" }, "unverified", "No key of the rule"],
    [{ signature: "not base64!" }, "invalid", "no signature"],
    [{ signature: "" }, "invalid", "no signature"],
  ];
  for (const [options, state, reason] of cases) {
    await signer.pushSimple(registry, subject, options);
    const report = await new Verifier({ store: registry, rules }).report(REPOSITORY, subject);
    const [actual, why] = only(report.signatures);
    assertEquals(actual, state);
    assertStringIncludes(why, reason);
    assertEquals(report.rules[0]!.met, false);
  }
});

Deno.test("report() verifies bundles by keys, also if they name another key", async () => {
  const { registry, subject, image } = await signedImages();
  const trusted = new KeySigner();
  const rules = await rulesOf({ keys: { release: trusted.pem } });
  const { hint } = rules[0]!.keys[0]!;
  const verifier = new Verifier({ store: registry, rules });
  const bundle = trusted.bundle(statementAbout(subject));
  await attachBundle(registry, image, bundle);
  assertEquals(only((await verifier.report(REPOSITORY, subject)).signatures), [
    "verified",
    'Signed with key "release"',
  ]);
  await attachBundle(registry, image, new KeySigner().bundle(statementAbout(subject)));
  await attachBundle(registry, image, new KeySigner({ hint }).bundle(statementAbout(subject)));
  await attachBundle(registry, image, trusted.bundle(statementAbout(digest(otherImage()))));
  const { signatures, state } = await verifier.report(REPOSITORY, subject);
  assertEquals(state, "verified");
  assertEquals(signatures.map(({ state, reason }) => `${state}: ${reason}`).sort(), [
    'invalid: Names key "release", but is not a signature of it',
    `invalid: Signed for another manifest than ${subject}`,
    "unverified: Signed with a key that no rule trusts",
    'verified: Signed with key "release"',
  ]);
});

Deno.test("report() verifies keyless bundles by issuer and subject", async () => {
  const { registry, subject, image } = await signedImages();
  const instance = await SigstoreInstance.start();
  await attachBundle(registry, image, await instance.sign({ statement: statementAbout(subject) }));
  const trustedRoot = instance.trustedRoot();
  const signedBy = `Signed by "${IDENTITY}" of ${ISSUER}`;
  const cases: [signer: { issuer: string; subject: string }, state: string, reason: string][] = [
    [{ issuer: ISSUER, subject: IDENTITY }, "verified", signedBy],
    [{ issuer: ISSUER, subject: "https://ci.example.com/acme/*" }, "verified", signedBy],
    [{ issuer: "https://*.example.com", subject: "*@refs/heads/main" }, "verified", signedBy],
    [
      { issuer: "https://evil.example.org", subject: IDENTITY },
      "unverified",
      `${signedBy}, whom no rule trusts`,
    ],
    [
      { issuer: ISSUER, subject: "https://ci.example.com/acme" },
      "unverified",
      `${signedBy}, whom no rule trusts`,
    ],
    [{ issuer: ISSUER, subject: `${IDENTITY}2` }, "unverified", `${signedBy}, whom no rule trusts`],
  ];
  for (const [signer, state, reason] of cases) {
    const rules = await rulesOf({ identities: [{ ...signer, trustedRoot }] });
    const report = await new Verifier({ store: registry, rules }).report(REPOSITORY, subject);
    assertEquals(only(report.signatures), [state, reason]);
    assertEquals(report.signatures[0]!.identity, IDENTITY);
    assertEquals(report.state, state);
  }
});

Deno.test("report() tells changed keyless bundles from those of another instance", async () => {
  const { registry, subject, image } = await signedImages();
  const [ours, theirs] = [await SigstoreInstance.start(), await SigstoreInstance.start()];
  const statement = statementAbout(subject);
  const bundle = await ours.sign({ statement });
  const envelope = bundle.dsseEnvelope as { payload: string };
  const payload = btoa(JSON.stringify({ ...statement, predicate: { changed: true } }));
  await attachBundle(registry, image, { ...bundle, dsseEnvelope: { ...envelope, payload } });
  await attachBundle(registry, image, await theirs.sign({ statement }));
  const trust = (instance: SigstoreInstance, identity: string) => ({
    issuer: ISSUER,
    subject: identity,
    trustedRoot: instance.trustedRoot(),
  });
  const reportBy = async (...identities: ReturnType<typeof trust>[]) =>
    await new Verifier({ store: registry, rules: await rulesOf({ identities }) }).report(REPOSITORY, subject);
  const report = await reportBy(trust(ours, IDENTITY));
  assertEquals(report.signatures.map(({ state }) => state), ["unverified", "invalid"]);
  assertEquals(report.state, "unverified");
  // The identity that one root proves stays in the report, although another root does not know it.
  for (const other of [[ours, theirs], [theirs, ours]] as const) {
    const { signatures } = await reportBy(...other.map((instance) => trust(instance, "nobody")));
    assertEquals(signatures.map(({ state, identity }) => [state, identity]), [
      ["unverified", IDENTITY],
      ["invalid", undefined],
    ]);
  }
});

Deno.test("report() reads a limited number of signatures and of indexes", async () => {
  const { registry, subject, image } = await signedImages();
  const items = Array.from({ length: 2001 }, (_, i) => ({
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: digest(utf8(`${i}`)),
    size: 100,
  }));
  let reads = 0;
  const store = {
    ...registry,
    listReferrers: () => Promise.resolve({ items }),
    getManifest: (
      ...args: Parameters<typeof registry.getManifest>
    ) => (reads++, registry.getManifest(...args)),
  };
  const { complete, signatures } = await new Verifier({ store, rules: [] }).report(REPOSITORY, subject);
  assertEquals([complete, signatures, reads], [false, [], 2000]);
  for (let i = 0; i < 70; i++) {
    const manifests = [{
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest: subject,
      size: image.length,
    }];
    const mediaType = "application/vnd.oci.image.index.v1+json";
    const index = { schemaVersion: 2, mediaType, manifests, annotations: { i: `${i}` } };
    await pushManifest(registry, utf8(JSON.stringify(index)));
  }
  reads = 0;
  const rules = await rulesOf({ keys: { release: new KeySigner().pem } });
  const plain = { ...store, listReferrers: registry.listReferrers };
  assertEquals((await new Verifier({ store: plain, rules }).report(REPOSITORY, subject)).state, "unsigned");
  assertEquals(reads, 64);
});

Deno.test("report() verifies a message signature of the manifest's bytes", async () => {
  const { registry, subject, image } = await signedImages();
  const instance = await SigstoreInstance.start();
  const rules = await rulesOf({
    identities: [{ issuer: ISSUER, subject: IDENTITY, trustedRoot: instance.trustedRoot() }],
  });
  await attachBundle(registry, image, await instance.sign({ artifact: image }));
  const verifier = new Verifier({ store: registry, rules });
  assertEquals((await verifier.report(REPOSITORY, subject)).state, "verified");
  // The same signature as a referrer of another image.
  const other = otherImage();
  await pushManifest(registry, other);
  await attachBundle(registry, other, await instance.sign({ artifact: image }));
  const report = await verifier.report(REPOSITORY, digest(other));
  assertEquals(only(report.signatures), ["invalid", `Signed for another manifest than ${digest(other)}`]);
});

Deno.test("report() counts an attestation only for a rule that asks for its predicate type", async () => {
  const { registry, subject, image } = await signedImages();
  const signer = new KeySigner();
  const PROVENANCE = "https://slsa.dev/provenance/v1";
  await attachBundle(registry, image, signer.bundle(statementAbout(subject, PROVENANCE)));
  const keys = { release: signer.pem };
  const rules = await rulesOf({ keys }, { keys, predicateTypes: [PROVENANCE] });
  const verifier = new Verifier({ store: registry, rules });
  const attested = await verifier.report(REPOSITORY, subject);
  assertEquals(attested.state, "unverified");
  assertEquals(attested.rules.map(({ met }) => met), [false, true]);
  assertEquals(attested.signatures[0]!.predicateType, PROVENANCE);
  assertEquals(attested.signatures[0]!.rules, ["rule-2"]);
  await signer.pushSimple(registry, subject);
  assertEquals((await verifier.report(REPOSITORY, subject)).state, "verified");
});

Deno.test("report() needs every rule of the repository, and shows signatures without a rule", async () => {
  const { registry, subject } = await signedImages();
  const [build, review] = [new KeySigner(), new KeySigner()];
  await build.pushSimple(registry, subject);
  const rules = await rulesOf(
    { keys: { build: build.pem } },
    { keys: { review: review.pem }, repositories: ["library/*"] },
    { keys: { review: review.pem }, repositories: ["elsewhere/**"] },
  );
  const report = await new Verifier({ store: registry, rules }).report(REPOSITORY, subject);
  assertEquals(report.rules.map(({ name, met }) => [name, met]), [["rule-1", true], ["rule-2", false]]);
  assertEquals(report.state, "unverified");
  const without = await new Verifier({ store: registry, rules: [] }).report(REPOSITORY, subject);
  assertEquals([without.state, without.rules], ["unverified", []]);
  assertEquals(only(without.signatures), ["unverified", "No rule of `verify` is for this repository"]);
});

Deno.test("report() answers for a repository and a digest that do not exist", async () => {
  const { registry, subject } = await signedImages();
  const verifier = new Verifier({ store: registry, rules: [] });
  for (const [repository, target] of [[OTHER, subject], [REPOSITORY, digest(content(5, 9))]] as const) {
    assertEquals((await verifier.report(repository, target)).state, "unsigned");
  }
});

Deno.test("report() covers the children of a signed index, and no other manifest", async () => {
  const { registry, subject, image } = await signedImages();
  const signer = new KeySigner();
  const rules = await rulesOf({ keys: { release: signer.pem } });
  const verifier = new Verifier({ store: registry, rules });
  const indexOf = (children: Uint8Array[], name = "") =>
    utf8(JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: children.map((bytes) => ({
        mediaType: JSON.parse(new TextDecoder().decode(bytes)).mediaType,
        digest: digest(bytes),
        size: bytes.length,
      })),
      annotations: { name },
    }));
  const [index, unsigned] = [indexOf([image]), indexOf([image], "unsigned")];
  const above = indexOf([index]);
  for (const bytes of [index, unsigned, above]) await pushManifest(registry, bytes);
  const covers = async () => {
    const { state, coveredBy } = await verifier.report(REPOSITORY, subject);
    return [state, coveredBy];
  };
  assertEquals(await covers(), ["unsigned", undefined]);
  const signature = await attachBundle(registry, above, signer.bundle(statementAbout(digest(above))));
  assertEquals(await covers(), ["verified", digest(above)]);
  assertEquals((await verifier.report(REPOSITORY, digest(unsigned))).state, "unsigned");
  // A signature of a child is none of its index.
  await registry.deleteManifest(REPOSITORY, signature);
  assertEquals(await covers(), ["unsigned", undefined]);
  await attachBundle(registry, image, signer.bundle(statementAbout(subject)));
  assertEquals(await covers(), ["verified", undefined]);
  assertEquals((await verifier.report(REPOSITORY, digest(index))).state, "unsigned");
});

Deno.test("report() finds the true signature among a thousand others", async () => {
  const { registry, subject, image } = await signedImages();
  const signer = new KeySigner();
  const rules = await rulesOf({ keys: { release: signer.pem } });
  const junk = new KeySigner().bundle(statementAbout(subject));
  const digests: Digest[] = [];
  for (let i = 0; i < 1000; i++) {
    digests.push(await attachBundle(registry, image, { ...junk, filler: `${i}` }));
  }
  // Large ones must not exhaust the limit on bytes before the true one is read.
  for (let i = 0; i < 20; i++) {
    digests.push(await attachBundle(registry, image, { ...junk, filler: `${i}`.padEnd(4_000_000) }));
  }
  digests.push(await attachBundle(registry, image, signer.bundle(statementAbout(subject))));
  const report = await new Verifier({ store: registry, rules }).report(REPOSITORY, subject);
  assertEquals([report.state, report.complete], ["verified", false]);
  assertEquals(report.signatures[0]!.manifest, digests.at(-1)!);
});

Deno.test("report() rejects a bundle with many proofs, which would take the library minutes", async () => {
  const { registry, subject, image } = await signedImages();
  const instance = await SigstoreInstance.start();
  const rules = await rulesOf({
    identities: [{ issuer: ISSUER, subject: IDENTITY, trustedRoot: instance.trustedRoot() }],
  });
  const bundle = await instance.sign({ statement: statementAbout(subject) });
  const material = bundle.verificationMaterial as { tlogEntries: Record<string, unknown>[] };
  const [entry] = material.tlogEntries;
  const tlogEntries = Array.from({ length: 1000 }, (_, i) => ({ ...entry, integratedTime: String(i + 1) }));
  await attachBundle(registry, image, { ...bundle, verificationMaterial: { ...material, tlogEntries } });
  const { signatures } = await new Verifier({ store: registry, rules }).report(REPOSITORY, subject);
  assertEquals(only(signatures), [
    "invalid",
    "Malformed bundle: More than 16 log entries, timestamps or certificates",
  ]);
});

Deno.test("report() reads the smallest manifests of signatures, and tells that there are more", async () => {
  const { registry, subject, image } = await signedImages();
  const signer = new KeySigner();
  const rules = await rulesOf({ keys: { release: signer.pem } });
  const bytes = utf8(JSON.stringify(new KeySigner().bundle(statementAbout(subject))));
  const type = "application/vnd.dev.sigstore.bundle.v0.3+json";
  for (let i = 0; i < 12; i++) {
    await attach(registry, image, { bytes, type }, { annotations: { filler: `${i}`.padEnd(900_000) } });
  }
  await attachBundle(registry, image, signer.bundle(statementAbout(subject)));
  const report = await new Verifier({ store: registry, rules }).report(REPOSITORY, subject);
  assertEquals([report.state, report.complete], ["verified", false]);
  assertEquals(report.signatures.length < 13, true);
});

Deno.test("report() fails if the store fails, and remembers nothing of it", async () => {
  const { registry, subject, image } = await signedImages();
  const instance = await SigstoreInstance.start();
  const rules = await rulesOf({
    identities: [{ issuer: ISSUER, subject: IDENTITY, trustedRoot: instance.trustedRoot() }],
  });
  await attachBundle(registry, image, await instance.sign({ artifact: image }));
  let failing = true;
  const store = {
    ...registry,
    getManifest: (...args: Parameters<typeof registry.getManifest>) =>
      failing && "digest" in args[1] && args[1].digest === subject
        ? Promise.reject(unavailable("Outage"))
        : registry.getManifest(...args),
  };
  const verifier = new Verifier({ store, rules });
  await assertRejects(() => verifier.report(REPOSITORY, subject), RegistryError, "Outage");
  failing = false;
  assertEquals((await verifier.report(REPOSITORY, subject)).state, "verified");
  await registry.deleteManifest(REPOSITORY, subject);
  const gone = await new Verifier({ store, rules }).report(REPOSITORY, subject);
  assertEquals(only(gone.signatures), ["invalid", "The signed manifest is not in the repository"]);
});

Deno.test("report() reads neither huge nor foreign content, and answers for malformed content", async () => {
  const { registry, subject, image } = await signedImages();
  const signer = new KeySigner();
  const rules = await rulesOf({ keys: { release: signer.pem } });
  const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
  const bundle = signer.bundle(statementAbout(subject));
  const text = JSON.stringify(bundle);
  const bytes: Record<string, Uint8Array<ArrayBuffer>> = {
    huge: utf8(text.padEnd(5 * 1024 * 1024)),
    truncated: utf8(text.slice(0, text.length / 2)),
    "not UTF-8": new Uint8Array([0x7b, 0xff, 0x7d]),
    empty: utf8("{}"),
    null: utf8("null"),
    "no envelope": utf8(JSON.stringify({ ...bundle, dsseEnvelope: undefined })),
    "two signatures": utf8(
      JSON.stringify({
        ...bundle,
        dsseEnvelope: {
          ...bundle.dsseEnvelope as Record<string, unknown>,
          signatures: [{ sig: "AAAA" }, { sig: "AAAA" }],
        },
      }),
    ),
    "another payload type": utf8(
      JSON.stringify({
        ...bundle,
        dsseEnvelope: { ...bundle.dsseEnvelope as object, payloadType: "text/plain" },
      }),
    ),
  };
  for (const blob of Object.values(bytes)) await attach(registry, image, { bytes: blob, type: BUNDLE });
  await attach(registry, image, {
    bytes: utf8("COSE"),
    type: "application/cose",
    artifactType: "application/vnd.cncf.notary.signature",
  });
  // A descriptor may state another size than that of the blob, which the limits count.
  const small = utf8(`${text} `);
  await pushBlob(registry, small);
  await attach(registry, image, { bytes: small, type: BUNDLE }, {
    layers: [{ mediaType: BUNDLE, digest: digest(small), size: 1 }],
  });
  const report = await new Verifier({ store: registry, rules }).report(REPOSITORY, subject);
  assertEquals(report.signatures.length, Object.keys(bytes).length + 2);
  assertEquals(report.signatures.filter(({ state }) => state === "verified"), []);
  const reasons = report.signatures.map(({ state, reason }) => `${state}: ${reason}`);
  assertEquals(reasons.filter((reason) => reason.startsWith("unverified")).sort(), [
    "unverified: COSE signatures are not verified here",
    "unverified: Not verified: has 5242880 bytes, more than 4194304",
  ]);
});

Deno.test("report() expires a verified signature while it is in memory", async () => {
  const { registry, subject, image } = await signedImages();
  let now = Date.now();
  const signer = await NotationSigner.create();
  await NotationSigner.push(registry, image, await signer.envelope(subject, { expiry: now + 60_000 }));
  const rules = await rulesOf({ notation: [{ certificates: signer.root, subjects: [] }] });
  const verifier = new Verifier({ store: registry, rules, now: () => now });
  assertEquals((await verifier.report(REPOSITORY, subject)).state, "verified");
  now += 60_000;
  const report = await verifier.report(REPOSITORY, subject);
  assertEquals(report.state, "invalid");
  assertStringIncludes(only(report.signatures)[1], "Expired at ");
  assertEquals(report.rules[0]!.met, false);
});
