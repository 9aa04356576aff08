import { type Algorithm, blob, type Content } from "./content.ts";
import { ABSENT, becomes, PRESENT } from "./ledger.ts";
import { blobFact, expectStatus, REPOSITORIES, type Scene } from "./scene.ts";
import { Upload } from "./upload.ts";
import { send } from "./wire.ts";

/** One thing that a writer does, from its first request to its last one. */
export type Operation = (scene: Scene, url: string) => Promise<void>;

/** Bytes of a part of the file system's driver, around which its blobs change their form. */
const PART_BYTES = 1024 * 1024;

/** Pushes a blob as a client of some kind does. */
export async function pushBlob(scene: Scene, url: string): Promise<void> {
  const repository = scene.pick(REPOSITORIES);
  const content = chooseBlob(scene, repository);
  const push = scene.pick([pushInOnePost, pushInOnePut, pushInOnePatch, pushInChunks, pushInChunks]);
  await push(scene, url, repository, content);
}

async function pushInOnePost(scene: Scene, url: string, repository: string, content: Content): Promise<void> {
  const path = `/v2/${repository}/blobs/uploads/?digest=${content.digest}`;
  await scene.attempt(
    "blob, single POST",
    [becomes(blobFact(repository, content.digest), PRESENT)],
    () => send(url, "POST", path, { body: content.bytes() }),
    { done: 201, refused: [] },
  );
}

async function pushInOnePut(scene: Scene, url: string, repository: string, content: Content): Promise<void> {
  const upload = await Upload.start(scene, url, repository, content);
  await upload.commit(url, { ranged: scene.chance(30) });
  if (scene.chance(20)) await upload.commitAgain(url);
}

async function pushInOnePatch(
  scene: Scene,
  url: string,
  repository: string,
  content: Content,
): Promise<void> {
  const upload = await Upload.start(scene, url, repository, content, algorithmQuery(scene, content));
  const style = { ranged: scene.chance(50), streamed: scene.chance(50) };
  if (content.size > 0) await upload.append(url, content.size, style);
  await upload.commit(url, { ranged: false });
}

/** Some clients give up in the middle, or leave an upload to another client. */
async function pushInChunks(scene: Scene, url: string, repository: string, content: Content): Promise<void> {
  const upload = await Upload.start(scene, url, repository, content, algorithmQuery(scene, content));
  const ranged = scene.chance(50);
  for (let count = 1 + scene.random(4); count > 0 && upload.left >= 4; count--) {
    const size = Math.min(upload.left, 2 + scene.random(Math.ceil(content.size / 2)));
    await upload.append(url, size, { ranged, streamed: !ranged && scene.chance(30) });
  }
  if (scene.chance(10)) return await upload.cancel(url);
  if (scene.chance(10)) return;
  await upload.commit(url, { ranged });
}

/**
 * Clients may name the algorithm beforehand; without that, other digests than SHA-256 need the blob to be read back.
 */
function algorithmQuery(scene: Scene, { digest }: Content): string {
  return scene.chance(50) ? `?digest-algorithm=${digest.split(":")[0]}` : "";
}

/** Continues any upload that a kill or its client has interrupted. */
export async function resumeAnyUpload(scene: Scene, url: string): Promise<void> {
  const upload = scene.pickAny([...scene.idleUploads]);
  if (upload === undefined) return;
  scene.idleUploads.delete(upload);
  await resumeUpload(scene, url, upload);
}

/** Sends the rest of an upload. Returns true if it is a blob now; false if the registry is busy with it. */
export async function resumeUpload(scene: Scene, url: string, upload: Upload): Promise<boolean> {
  const ranged = scene.chance(50);
  if (upload.left > 4 && scene.chance(50)) {
    const size = 2 + scene.random(upload.left - 2);
    if (!await upload.append(url, size, { ranged, streamed: false })) return false;
  }
  return await upload.commit(url, { ranged });
}

/** Commits content under the digest of other content, which must fail. */
export async function pushWrongBlob(scene: Scene, url: string): Promise<void> {
  const repository = scene.pick(REPOSITORIES);
  const [real, claimed] = [newBlob(scene), blob(scene.newName(), 100, "sha256")];
  const upload = await Upload.start(scene, url, repository, real);
  await upload.commitWrongly(url, claimed.digest);
}

/** Mounts a blob of another repository, or of any. */
export async function mountBlob(scene: Scene, url: string): Promise<void> {
  const [from, to] = [scene.pick(REPOSITORIES), scene.pick(REPOSITORIES)];
  const kind = scene.chance(80) ? "kept" : "loose";
  const content = scene.pickAny(scene.stock(from)[kind]);
  if (content === undefined) return;
  const sure = scene.ledger.mustBe(blobFact(from, content.digest), PRESENT) && kind === "kept";
  const source = scene.chance(70) ? `&from=${from}` : "";
  scene.stock(to)[kind].push(content);
  await scene.attempt(
    "blob, mount",
    [becomes(blobFact(to, content.digest), PRESENT)],
    async () => {
      const answer = await send(url, "POST", `/v2/${to}/blobs/uploads/?mount=${content.digest}${source}`);
      if (answer.status === 202) Upload.from(scene, to, content, answer);
      return answer;
    },
    { done: 201, refused: sure ? [] : [202] },
  );
}

/** Deletes a blob that no manifest refers to. */
export async function deleteBlob(scene: Scene, url: string): Promise<void> {
  const repository = scene.pick(REPOSITORIES);
  const content = scene.pickAny(scene.stock(repository).loose);
  if (content === undefined) return;
  await scene.attempt(
    "blob, delete",
    [becomes(blobFact(repository, content.digest), ABSENT)],
    () => send(url, "DELETE", `/v2/${repository}/blobs/${content.digest}`),
    { done: 202, refused: [404] },
  );
}

/** Pushes a few blobs for the manifests of a repository. */
export async function pushFirstBlobs(scene: Scene, url: string, repository: string): Promise<void> {
  for (let count = 0; count < 3; count++) {
    const content = newBlob(scene);
    scene.stock(repository).kept.push(content);
    const path = `/v2/${repository}/blobs/uploads/?digest=${content.digest}`;
    const attempt = scene.ledger.begin([becomes(blobFact(repository, content.digest), PRESENT)]);
    expectStatus("a first blob", await send(url, "POST", path, { body: content.bytes() }), [201]);
    attempt.acknowledge();
  }
}

/** A new blob, or one that was pushed before or is being pushed by another writer. */
function chooseBlob(scene: Scene, repository: string): Content {
  const kind = scene.chance(70) ? "kept" : "loose";
  const known = scene.stock(scene.pick(REPOSITORIES))[kind].slice(-5);
  const content = known.length > 0 && scene.chance(20) ? scene.pick(known) : newBlob(scene);
  // There is only one empty blob, and manifests may refer to it.
  scene.stock(repository)[content.size === 0 ? "kept" : kind].push(content);
  return content;
}

function newBlob(scene: Scene): Content {
  const algorithm: Algorithm = scene.chance(20) ? "sha512" : "sha256";
  return blob(scene.newName(), blobSize(scene), algorithm);
}

/**
 * Size of a new blob. Most are small, so that kills hit each step of a push equally often; the others are near the size
 * of a part.
 */
function blobSize(scene: Scene): number {
  const kind = scene.random(100);
  if (kind < 4) return 0;
  if (kind < 60) return 64 + scene.random(4096);
  if (kind < 75) return 64 + scene.random(PART_BYTES);
  if (kind < 92) return PART_BYTES + scene.pick([-1, 0, 1]);
  if (kind < 98) return scene.pick([2, 3]) * PART_BYTES + scene.pick([-1, 0, 1, 70_000]);
  return 3 * PART_BYTES + scene.random(PART_BYTES / 2);
}
