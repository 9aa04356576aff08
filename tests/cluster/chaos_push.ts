import { assertEquals, AssertionError } from "@std/assert";
import { type Content, digestOf } from "../kill/content.ts";
import type { ChaosClient } from "./chaos_client.ts";
import type { ImagePlan } from "./chaos_images.ts";
import { ChaosUpload } from "./chaos_upload.ts";

/**
 * Maximum time from the first blob of an image to its manifest, in milliseconds, so that no collector removes its
 * content.
 */
export interface PushTimes {
  readonly safe: number;
}

/** Pushes an image as a client does, however often it has to, and looks whether it is there once that is acknowledged. */
export async function pushImage(client: ChaosClient, image: ImagePlan, times: PushTimes): Promise<void> {
  const { repository, manifest, tag } = image;
  while (!await pushOnce(client, image, times)) client.run.counts.add("images pushed anew");
  await pull(client, `/v2/${repository}/manifests/${tag}`, manifest);
  const some = client.dice.pick([image.config, ...image.layers]);
  if (client.dice.chance(30)) await pull(client, `/v2/${repository}/blobs/${some.digest}`, some);
  if (image.deleted) await deleteImage(client, image);
}

/** Answers whether all that the manifest references was still there when it came. */
async function pushOnce(client: ChaosClient, image: ImagePlan, { safe }: PushTimes): Promise<boolean> {
  const { repository, config, layers, manifest, tag, latest } = image;
  const began = performance.now();
  for (const content of [...layers, config]) await pushBlob(client, repository, content);
  for (const reference of latest ? [tag, "latest"] : [tag]) {
    const { status, body } = await client.persist(`the manifest ${reference} of ${repository}`, () => {
      return client.ask("manifest", "PUT", `/v2/${repository}/manifests/${reference}`, [201, 400], {
        headers: { "Content-Type": manifest.mediaType },
        body: manifest.bytes(),
      });
    });
    if (status === 201) continue;
    const answer = new TextDecoder().decode(body);
    const elapsed = performance.now() - began;
    // A client that takes longer than the grace period has to push again.
    if (answer.includes("MANIFEST_BLOB_UNKNOWN") && elapsed > safe) return false;
    throw new AssertionError(
      `Got 400 for ${reference} of ${repository} after ${elapsed.toFixed()} ms: ${answer}`,
    );
  }
  return true;
}

/** Deletes the manifest with its tag; the answer to a delete that was done may have been lost. */
async function deleteImage(client: ChaosClient, { repository, manifest }: ImagePlan): Promise<void> {
  const path = `/v2/${repository}/manifests/${manifest.digest}`;
  await client.persist(`the deletion of ${path}`, () => client.ask("delete", "DELETE", path, [202, 404]));
}

/** Reads what must be there, through any replica, and through faults; what comes as a whole must be right. */
async function pull(client: ChaosClient, path: string, { digest }: Content): Promise<void> {
  const { body } = await client.persist(path, () => client.ask("pull", "GET", path, [200]));
  assertEquals(digestOf(body), digest, path);
}

async function pushBlob(client: ChaosClient, repository: string, content: Content): Promise<void> {
  const { blobs, counts } = client.run;
  const holders = blobs.get(content.digest) ?? new Set();
  blobs.set(content.digest, holders);
  await client.persist(`the push of ${content.digest} to ${repository}`, async () => {
    if (client.dice.chance(60) && await isThere(client, repository, content)) return true;
    if (client.dice.chance(60) && await mount(client, repository, content, holders)) return true;
    if (!await upload(client, repository, content)) return undefined;
    counts.add("blobs uploaded");
    counts.add("bytes uploaded", content.size);
    return true;
  });
  holders.add(repository);
}

/** HEAD first, as most clients do. */
async function isThere(
  client: ChaosClient,
  repository: string,
  { digest, size }: Content,
): Promise<boolean> {
  const path = `/v2/${repository}/blobs/${digest}`;
  const answer = await client.ask("head", "HEAD", path, [200, 404]);
  if (answer?.status !== 200) return false;
  assertEquals(answer.headers.get("Content-Length"), String(size), path);
  return true;
}

/** A blob that another repository had may be collected by now; then the answer is an upload, which is not needed. */
async function mount(
  client: ChaosClient,
  repository: string,
  { digest }: Content,
  holders: ReadonlySet<string>,
): Promise<boolean> {
  const others = [...holders].filter((other) => other !== repository);
  if (others.length === 0) return false;
  const from = client.dice.chance(80) ? `&from=${client.dice.pick(others)}` : "";
  const path = `/v2/${repository}/blobs/uploads/?mount=${digest}${from}`;
  return (await client.ask("mount", "POST", path, [201, 202]))?.status === 201;
}

async function upload(client: ChaosClient, repository: string, content: Content): Promise<boolean> {
  const path = `/v2/${repository}/blobs/uploads/`;
  const style = client.dice.below(100);
  if (style < 10) {
    const whole = { body: content.bytes() };
    return await client.ask("single POST", "POST", `${path}?digest=${content.digest}`, [201], whole) !==
      undefined;
  }
  const begun = await client.ask("start", "POST", path, [202]);
  if (begun === undefined) return false;
  return await new ChaosUpload(client, content, begun, endsOf(client, content, style)).finish();
}

/** Ends of the PATCHes: none at all, one of everything, or some at any place. */
function endsOf({ dice }: ChaosClient, { size }: Content, style: number): number[] {
  if (style < 45) return [];
  if (style < 70) return [size];
  if (size < 100) throw new AssertionError(`Nobody pushes ${size} bytes in chunks`);
  const ends = Array.from({ length: 1 + dice.below(5) }, () => 2 + dice.below(size - 1));
  return [...new Set(ends)].toSorted((a, b) => a - b);
}
