import { assertEquals } from "@std/assert";
import { type Algorithm, blob, type Content, manifest, type ManifestContent } from "./content.ts";
import { ABSENT, becomes, type Change, type Fact, PRESENT } from "./ledger.ts";
import { expectStatus, REPOSITORIES, type Scene, TAGS } from "./scene.ts";
import { type Answer, send } from "./wire.ts";

/** Pushes a manifest, new or known, by tag or by digest with any number of tags. */
export async function pushManifest(scene: Scene, url: string): Promise<void> {
  const repository = scene.pick(REPOSITORIES);
  const known = scene.chance(30) ? recentManifest(scene, repository) : undefined;
  const sure = scene.chance(90);
  const content = known ?? newManifest(scene, repository, sure);
  scene.stock(repository).manifests.set(content.digest, content);

  const byTag = content.digest.startsWith("sha256:") && scene.chance(50);
  const tags = byTag ? [scene.pick(TAGS)] : TAGS.filter(() => scene.chance(15));
  const onlyNew = scene.chance(10);
  await scene.attempt(
    `manifest, ${byTag ? "by tag" : `by digest with ${tags.length === 0 ? "no" : "several"} tags`}`,
    changesOfPush(repository, content, tags),
    () =>
      scene.races.during(
        repository,
        content.digest,
        "push",
        () => putManifest(url, repository, content, byTag, tags, onlyNew),
      ),
    {
      done: 201,
      // 400: what it refers to was perhaps never pushed; 412: a tag was there.
      refused: [...(sure && known === undefined ? [] : [400]), ...(onlyNew ? [412] : [])],
    },
  );
}

function changesOfPush(
  repository: string,
  { digest, subject }: ManifestContent,
  tags: readonly string[],
): Change[] {
  return [
    becomes({ kind: "manifest", repository, digest }, PRESENT),
    ...tags.map((tag) => becomes({ kind: "tag", repository, tag }, digest)),
    ...(subject === undefined ? [] : [becomes({ kind: "referrer", repository, subject, digest }, PRESENT)]),
  ];
}

async function putManifest(
  url: string,
  repository: string,
  content: ManifestContent,
  byTag: boolean,
  tags: readonly string[],
  onlyNew: boolean,
): Promise<Answer> {
  const { digest, mediaType, subject } = content;
  const query = byTag ? "" : `?${tags.map((tag) => `tag=${tag}`).join("&")}`;
  const path = `/v2/${repository}/manifests/${byTag ? tags[0] : digest}${query}`;
  const headers = { "Content-Type": mediaType, ...(onlyNew ? { "If-None-Match": "*" } : {}) };
  const answer = await send(url, "PUT", path, { headers, body: content.bytes() });
  if (answer.status === 201) {
    assertEquals(answer.headers.get("Docker-Content-Digest"), digest);
    assertEquals(answer.headers.get("OCI-Subject"), subject ?? null);
    const accepted = byTag || tags.length === 0 ? null : tags.join(", ");
    assertEquals(answer.headers.get("OCI-Tag"), accepted);
  }
  return answer;
}

/** Pushes a manifest whose layer was never pushed, so the manifest must never be visible. */
export async function pushSparseManifest(scene: Scene, url: string): Promise<void> {
  const repository = scene.pick(REPOSITORIES);
  const config = scene.pick(scene.sureBlobs(repository));
  const layer = blob(scene.newName(), 100, "sha256");
  const content = manifest({
    name: scene.newName(),
    algorithm: "sha256",
    config,
    layers: [layer],
    padding: padding(scene),
  });
  scene.stock(repository).manifests.set(content.digest, content);
  scene.ledger.touch({ kind: "manifest", repository, digest: content.digest });
  const tag = scene.pick(TAGS);
  scene.ledger.touch({ kind: "tag", repository, tag });
  expectStatus(
    "a manifest that lacks a layer",
    await putManifest(url, repository, content, true, [tag], false),
    [400],
  );
}

/** Pushes manifests of the blobs among the facts that must be there, so that garbage collection leaves them. */
export async function keepBlobs(scene: Scene, url: string, facts: readonly Fact[]): Promise<void> {
  for (const repository of REPOSITORIES) {
    const { kept, loose } = scene.stock(repository);
    const contents = new Map([...kept, ...loose].map((content) => [content.digest, content]));
    const [config, ...layers] = facts.flatMap((fact) => {
      if (fact.kind !== "blob" || fact.repository !== repository) return [];
      return scene.ledger.mustBe(fact, PRESENT) ? contents.get(fact.digest) ?? [] : [];
    });
    if (config === undefined) continue;
    const content = manifest({ name: scene.newName(), algorithm: "sha256", config, layers, padding: 0 });
    const answer = await putManifest(
      url,
      repository,
      content,
      true,
      [`keep-${content.digest.slice(-20)}`],
      false,
    );
    expectStatus("a manifest that keeps blobs", answer, [201]);
  }
}

/** Deletes a manifest with its tags. */
export async function deleteManifest(scene: Scene, url: string): Promise<void> {
  const repository = scene.pick(REPOSITORIES);
  const content = recentManifest(scene, repository);
  if (content === undefined) return;
  const { digest, subject } = content;
  const untag = (tag: string): Change => [
    { kind: "tag", repository, tag },
    (current) => current === digest ? ABSENT : current,
  ];
  await scene.attempt(
    "manifest, delete",
    [
      becomes({ kind: "manifest", repository, digest }, ABSENT),
      ...TAGS.map(untag),
      ...(subject === undefined ? [] : [becomes({ kind: "referrer", repository, subject, digest }, ABSENT)]),
    ],
    () =>
      scene.races.during(
        repository,
        digest,
        "delete",
        () => send(url, "DELETE", `/v2/${repository}/manifests/${digest}`),
      ),
    { done: 202, refused: [404] },
  );
}

/** Deletes a tag; its manifest stays. */
export async function deleteTag(scene: Scene, url: string): Promise<void> {
  const fact: Fact = { kind: "tag", repository: scene.pick(REPOSITORIES), tag: scene.pick(TAGS) };
  await scene.attempt(
    "tag, delete",
    [becomes(fact, ABSENT)],
    () => send(url, "DELETE", `/v2/${fact.repository}/manifests/${fact.tag}`),
    { done: 202, refused: [404] },
  );
}

/** One of those that were pushed last, if there is any: so writers push and delete the same one at the same time. */
function recentManifest(scene: Scene, repository: string): ManifestContent | undefined {
  const known = [...scene.stock(repository).manifests.values()];
  return scene.pickAny(known.slice(scene.chance(50) ? -3 : -20));
}

/** A manifest of blobs that are there (`sure`), or of some that another writer may just be pushing. */
function newManifest(scene: Scene, repository: string, sure: boolean): ManifestContent {
  const stock = scene.stock(repository);
  const blobs: readonly Content[] = sure ? scene.sureBlobs(repository) : stock.kept.slice(-10);
  const subjects = [...stock.manifests.values()].slice(-10);
  const algorithm: Algorithm = scene.chance(20) ? "sha512" : "sha256";
  return manifest({
    name: scene.newName(),
    algorithm,
    config: scene.pick(blobs),
    layers: Array.from({ length: scene.random(3) }, () => scene.pick(blobs)),
    ...(subjects.length > 0 && scene.chance(30) ? { subject: scene.pick(subjects) } : {}),
    padding: padding(scene),
  });
}

/** Above 256 KiB the registry keeps a manifest in an object, above the size of a part in several parts. */
function padding(scene: Scene): number {
  const kind = scene.random(100);
  return kind < 80 ? scene.random(500) : kind < 97 ? 256 * 1024 + scene.random(20_000) : 2_500_000;
}
