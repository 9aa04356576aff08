import { assertEquals, AssertionError } from "@std/assert";
import { type Content, digestOf } from "../kill/content.ts";
import type { ChaosClient } from "./chaos_client.ts";
import type { ImagePlan } from "./chaos_images.ts";
import { ChaosUpload } from "./chaos_upload.ts";

/** Pushes an image as a client does, however often it has to, and looks whether it is there once that is acknowledged. */
export async function pushImage(client: ChaosClient, image: ImagePlan): Promise<void> {
  const { repository, config, layers, manifest, tag, latest } = image;
  for (const content of [...layers, config]) await pushBlob(client, repository, content);
  for (const reference of latest ? [tag, "latest"] : [tag]) {
    await client.persist(`the manifest ${reference} of ${repository}`, () => {
      return client.ask("manifest", "PUT", `/v2/${repository}/manifests/${reference}`, [201], {
        headers: { "Content-Type": manifest.mediaType },
        body: manifest.bytes(),
      });
    });
  }
  await pull(client, `/v2/${repository}/manifests/${tag}`, manifest);
  const some = client.dice.pick([config, ...layers]);
  if (client.dice.chance(30)) await pull(client, `/v2/${repository}/blobs/${some.digest}`, some);
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
    if (client.dice.chance(60) && await isThere(client, repository, content, holders)) return true;
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
  holders: ReadonlySet<string>,
): Promise<boolean> {
  const mustBe = holders.has(repository);
  const path = `/v2/${repository}/blobs/${digest}`;
  const answer = await client.ask("head", "HEAD", path, mustBe ? [200] : [200, 404]);
  if (answer?.status !== 200) return false;
  assertEquals(answer.headers.get("Content-Length"), String(size), path);
  return true;
}

/** Nobody deletes anything, so what another repository is known to have can always be mounted. */
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
  return await client.ask("mount", "POST", path, [201]) !== undefined;
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

/** Where the PATCHes end: none at all, one of everything, or some at any place. */
function endsOf({ dice }: ChaosClient, { size }: Content, style: number): number[] {
  if (style < 45) return [];
  if (style < 70) return [size];
  if (size < 100) throw new AssertionError(`Nobody pushes ${size} bytes in chunks`);
  const ends = Array.from({ length: 1 + dice.below(5) }, () => 2 + dice.below(size - 1));
  return [...new Set(ends)].toSorted((a, b) => a - b);
}
