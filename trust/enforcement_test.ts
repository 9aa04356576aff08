import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Digest, type Reference, RegistryError, unavailable } from "../oci/mod.ts";
import { type Registry, UNRESTRICTED_CALLER } from "../registry/mod.ts";
import { codeOf, CONFIG, LAYER } from "../tests/harness/images.ts";
import { digest, imageOf, indexOf, pushManifest, REPOSITORY, tag, utf8 } from "../tests/harness/stores.ts";
import { type AuditFinding, DECISION_AGE_MS, enforcing } from "./enforcement.ts";
import { NotationSigner } from "./testing/notation_signer.ts";
import { rulesOf } from "./testing/rules.ts";
import { attach, attachBundle, KeySigner, signedImages, statementAbout } from "./testing/signed_images.ts";
import { Verifier } from "./verifier.ts";
import type { VerifyRule } from "./verify_rule.ts";

/** A registry that enforces a rule with one key. */
async function enforced(rule: Partial<VerifyRule> = {}) {
  const images = await signedImages();
  const signer = new KeySigner();
  const clock = { now: Date.now() };
  const now = () => clock.now;
  const rules = await rulesOf({ name: "production", keys: { release: signer.pem }, ...rule });
  const verifier = new Verifier({ store: images.registry, rules, now });
  const findings: AuditFinding[] = [];
  const registry = enforcing(images.registry, { verifier, now, audit: (finding) => findings.push(finding) });
  return { ...images, store: images.registry, registry, signer, findings, clock };
}

/** Pulls as a client. */
function pull(registry: Registry, reference: Digest | Reference, name = "anonymous") {
  const target = typeof reference === "string" ? { digest: reference } : reference;
  return registry.getManifest(REPOSITORY, target, { exact: false, puller: { name } });
}

Deno.test("enforcing() refuses the pull of an unsigned manifest, until it is signed", async () => {
  const { registry, store, signer, image, subject } = await enforced();
  await pushManifest(store, image, "latest");
  const refused = await assertRejects(() => pull(registry, subject), RegistryError);
  assertEquals([refused.code, refused.status], ["DENIED", 403]);
  assertEquals(
    refused.message,
    `Pull denied: ${subject} does not meet the rule "production": No signature found`,
  );
  assertEquals(await codeOf(() => pull(registry, { tag: tag("latest") })), "DENIED");
  await attachBundle(registry, image, signer.bundle(statementAbout(subject)));
  assertEquals((await pull(registry, subject)).bytes, image);
  assertEquals((await pull(registry, { tag: tag("latest") })).digest, subject);
});

Deno.test("enforcing() refuses no HEAD and no read of the registry itself", async () => {
  const { registry, subject } = await enforced();
  const head = { exact: true, puller: { name: "anonymous" } };
  assertEquals((await registry.getManifest(REPOSITORY, { digest: subject }, head)).digest, subject);
  assertEquals((await registry.getManifest(REPOSITORY, { digest: subject })).digest, subject);
});

Deno.test("enforcing() refuses manifests of signatures that are wrong", async () => {
  const { registry, store, signer, image, subject } = await enforced();
  await signer.pushSimple(store, subject, { payloadFor: digest(utf8("another image")) });
  await attachBundle(store, image, new KeySigner().bundle(statementAbout(subject)));
  const refused = await assertRejects(() => pull(registry, subject), RegistryError);
  assertStringIncludes(refused.message, "Signed with a key that no rule trusts");
});

Deno.test("enforcing() lets clients pull signatures, attestations and SBOMs", async () => {
  const { registry, store, signer, image, subject } = await enforced();
  const attachments = [
    await signer.pushSimple(store, subject),
    await attachBundle(store, image, signer.bundle(statementAbout(subject))),
    await attach(store, image, { bytes: utf8("{}"), type: "application/spdx+json" }),
    await attach(store, image, {
      bytes: utf8("COSE"),
      type: "application/cose",
      artifactType: "application/vnd.cncf.notary.signature",
    }),
  ];
  for (const attachment of attachments) assertEquals((await pull(registry, attachment)).digest, attachment);
  const name = tag(`${subject.replace(":", "-")}.sig`);
  assertEquals((await pull(registry, { tag: name })).digest, attachments[0]!);
});

Deno.test("enforcing() refuses content that only claims to be an attachment", async () => {
  const { registry, store, image, subject } = await enforced();
  const about = {
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: subject,
    size: image.length,
  };
  const empty = { mediaType: "application/vnd.oci.empty.v1+json", digest: digest(utf8("{}")), size: 2 };
  const layer = (mediaType: string) => ({ mediaType, digest: digest(LAYER), size: LAYER.length });
  const SIMPLE = layer("application/vnd.dev.cosign.simplesigning.v1+json");
  const pretenders = {
    image: imageOf(CONFIG, [LAYER], { subject: about }),
    "layers without the config of an image": imageOf(CONFIG, [LAYER], { subject: about, config: empty }),
    "a chart": imageOf(CONFIG, [], {
      subject: about,
      config: { ...empty, mediaType: "application/vnd.cncf.helm.config.v1+json" },
      layers: [layer("application/vnd.cncf.helm.chart.content.v1.tar+gzip")],
    }),
    "a signature with a filesystem": imageOf(CONFIG, [LAYER], {
      layers: [SIMPLE, layer("application/vnd.oci.image.layer.v1.tar+gzip")],
    }),
    "a signature with one of Docker": imageOf(CONFIG, [LAYER], {
      layers: [SIMPLE, layer("application/vnd.docker.image.rootfs.diff.tar.gzip")],
    }),
    "an image without layers": imageOf(CONFIG, []),
  };
  for (const [name, bytes] of Object.entries(pretenders)) {
    const pretender = await pushManifest(store, bytes, `${subject.replace(":", "-")}.sig`);
    assertEquals(await codeOf(() => pull(registry, pretender)), "DENIED", name);
    const reference = { tag: tag(`${subject.replace(":", "-")}.sig`) };
    assertEquals(await codeOf(() => pull(registry, reference)), "DENIED", name);
  }
  // A referrer by a tag of the client's choice is content like any other.
  const sbom = await attach(store, image, { bytes: utf8("{}"), type: "application/spdx+json" });
  const { bytes } = await store.getManifest(REPOSITORY, { digest: sbom });
  await pushManifest(store, bytes, "latest");
  assertEquals(await codeOf(() => pull(registry, { tag: tag("latest") })), "DENIED");
});

Deno.test("enforcing() permits the index of the referrers tag schema, and refuses its unsigned children", async () => {
  const { registry, store, image, subject } = await enforced();
  const index = indexOf([image]);
  const name = subject.replace(":", "-");
  await pushManifest(store, image);
  await pushManifest(registry, index, name);
  assertEquals((await pull(registry, { tag: tag(name) })).digest, digest(index));
  assertEquals(await codeOf(() => pull(registry, subject)), "DENIED");
  assertEquals(await codeOf(() => pull(registry, digest(index))), "DENIED");
  assertEquals(await codeOf(() => pushManifest(registry, index, "v1")), "DENIED");
  assertEquals(await codeOf(() => pushManifest(registry, image, name)), "DENIED");
});

Deno.test("enforcing() lets clients pull the children of a signed index alone", async () => {
  const { registry, store, signer, image, subject } = await enforced();
  const [other, index] = [imageOf(CONFIG, [LAYER], { annotations: { other: "1" } }), indexOf([image])];
  for (const bytes of [other, index, indexOf([other])]) await pushManifest(store, bytes);
  await attachBundle(store, index, signer.bundle(statementAbout(digest(index))));
  assertEquals((await pull(registry, digest(index))).digest, digest(index));
  assertEquals((await pull(registry, subject)).digest, subject);
  assertEquals(await codeOf(() => pull(registry, digest(other))), "DENIED");
  assertEquals(await codeOf(() => pull(registry, digest(indexOf([other])))), "DENIED");
});

Deno.test("enforcing() refuses to set a tag to an unsigned manifest", async () => {
  const { registry, signer, image, subject } = await enforced();
  const refused = await assertRejects(() => pushManifest(registry, image, "v1"), RegistryError);
  assertEquals([refused.code, refused.status], ["DENIED", 403]);
  assertStringIncludes(refused.message, "Push it by its digest, sign it, and then push the tag");
  const push = { bytes: image, contentType: undefined, tags: [tag("v1")], condition: {} };
  const byDigest = { ...push, reference: { digest: subject } };
  assertEquals(await codeOf(() => registry.putManifest(REPOSITORY, UNRESTRICTED_CALLER, byDigest)), "DENIED");
  assertEquals((await registry.listTags(REPOSITORY, {})).items, []);
  await pushManifest(registry, image);
  await signer.pushSimple(registry, subject);
  await pushManifest(registry, image, "v1", "v2");
  assertEquals((await registry.listTags(REPOSITORY, {})).items.slice(-2), [tag("v1"), tag("v2")]);
});

Deno.test("enforcing() enforces only the actions of the rule", async () => {
  const tags = await enforced({ enforce: ["tag"] });
  await pull(tags.registry, tags.subject);
  assertEquals(await codeOf(() => pushManifest(tags.registry, tags.image, "v1")), "DENIED");
  const pulls = await enforced({ enforce: ["pull"] });
  await pushManifest(pulls.registry, pulls.image, "v1");
  assertEquals(await codeOf(() => pull(pulls.registry, pulls.subject)), "DENIED");
  const elsewhere = await enforced({ repositories: ["production/**"] });
  await pushManifest(elsewhere.registry, elsewhere.image, "v1");
  await pull(elsewhere.registry, elsewhere.subject);
});

Deno.test("enforcing() lets exempt accounts pull, and no others", async () => {
  const { registry, image, subject } = await enforced({ exempt: ["robot:signer"] });
  assertEquals((await pull(registry, subject, "robot:signer")).digest, subject);
  assertEquals(await codeOf(() => pull(registry, subject, "robot:signer2")), "DENIED");
  assertEquals(await codeOf(() => pushManifest(registry, image, "v1")), "DENIED");
});

Deno.test("enforcing() reports once for each manifest in the mode audit", async () => {
  const { registry, image, subject, findings } = await enforced({ mode: "audit" });
  for (let i = 0; i < 3; i++) {
    await pull(registry, subject);
    await pushManifest(registry, image, "v1");
  }
  const finding = {
    repository: REPOSITORY,
    digest: subject,
    rule: "production",
    reason: "No signature found",
  };
  assertEquals(findings, [{ ...finding, action: "pull" }, { ...finding, action: "tag" }]);
});

Deno.test("enforcing() lets clients pull in the mode audit if the signatures cannot be read", async () => {
  const outage = () => Promise.reject(unavailable("Outage"));
  const audited = await enforced({ mode: "audit" });
  audited.store.listReferrers = outage;
  assertEquals((await pull(audited.registry, audited.subject)).digest, audited.subject);
  assertEquals(audited.findings.map(({ reason }) => reason), ["Cannot verify: Outage"]);
  const { store, registry, subject } = await enforced();
  store.listReferrers = outage;
  await assertRejects(() => pull(registry, subject), RegistryError, "Outage");
});

Deno.test("enforcing() refuses soon after a signature was deleted, and when it expires", async () => {
  const { registry, store, signer, image, subject, clock } = await enforced();
  const signature = await attachBundle(store, image, signer.bundle(statementAbout(subject)));
  await pull(registry, subject);
  await registry.deleteManifest(REPOSITORY, signature);
  clock.now += DECISION_AGE_MS + 1;
  assertEquals(await codeOf(() => pull(registry, subject)), "DENIED");

  const notation = await NotationSigner.create();
  const expiring = await enforced({ keys: {}, notation: [{ certificates: notation.root, subjects: [] }] });
  const envelope = await notation.envelope(expiring.subject, { expiry: expiring.clock.now + 1000 });
  await NotationSigner.push(expiring.store, expiring.image, envelope);
  await pull(expiring.registry, expiring.subject);
  expiring.clock.now += 1000;
  const refused = await assertRejects(() => pull(expiring.registry, expiring.subject), RegistryError);
  assertStringIncludes(refused.message, "Expired at");
});

Deno.test("enforcing() reads nothing for a manifest that it has just permitted", async () => {
  const { registry, store, signer, image, subject } = await enforced();
  await attachBundle(store, image, signer.bundle(statementAbout(subject)));
  await pull(registry, subject);
  let lists = 0;
  const { listReferrers } = store;
  store.listReferrers = (...args) => (lists++, listReferrers(...args));
  await pull(registry, subject);
  assertEquals(lists, 0);
});
