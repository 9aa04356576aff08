import { assertEquals } from "@std/assert";
import type { Stored } from "../harness/stored.ts";
import { digestOf } from "../kill/content.ts";
import { findLeftovers } from "../kill/leftovers.ts";
import { type Answer, Lost, send } from "../kill/wire.ts";
import type { ImagePlan } from "./chaos_images.ts";

/** Requests at a time. */
const PARALLEL_REQUESTS = 6;

/** Tags of one page. */
const PAGE_TAGS = 1000;

/**
 * Pulls every image, by its tag and by digests, from the replica at this address, and compares all bytes. Each blob is
 * read once from each repository that must have it. Answers how many blobs and bytes that were.
 */
export async function pullAll(
  url: string,
  images: readonly ImagePlan[],
): Promise<{ blobs: number; bytes: number }> {
  const paths = new Map<string, string>();
  for (const { repository, tag, config, layers, manifest } of images) {
    paths.set(`/v2/${repository}/manifests/${tag}`, manifest.digest);
    paths.set(`/v2/${repository}/manifests/${manifest.digest}`, manifest.digest);
    for (const { digest } of [config, ...layers]) paths.set(`/v2/${repository}/blobs/${digest}`, digest);
  }
  const pulled = { blobs: 0, bytes: 0 };
  const queue = paths.entries();
  await Promise.all(Array.from({ length: PARALLEL_REQUESTS }, async () => {
    for (const [path, digest] of queue) {
      const { status, body } = await get(url, path);
      assertEquals([status, digestOf(body)], [200, digest], `${path} of ${url}`);
      pulled.blobs++;
      pulled.bytes += body.length;
    }
  }));
  await assertTags(url, images);
  return pulled;
}

/** Repeats a pull that visibly breaks, as every client does, and tells of it. */
async function get(url: string, path: string): Promise<Answer> {
  try {
    return await send(url, "GET", path);
  } catch (error) {
    if (!(error instanceof Lost)) throw error;
    console.log(`A pull broke off without a fault: ${path} of ${url}, ${error.cause}`);
    return await send(url, "GET", path);
  }
}

/** Exactly the pushed tags exist, and the moved one points at one of its targets. */
async function assertTags(url: string, images: readonly ImagePlan[]): Promise<void> {
  for (const [repository, pushed] of Map.groupBy(images, ({ repository }) => repository)) {
    const moved = pushed.filter(({ latest }) => latest).map(({ manifest }) => manifest.digest);
    const tags = [...pushed.map(({ tag }) => tag), ...(moved.length > 0 ? ["latest"] : [])];
    const list = await send(url, "GET", `/v2/${repository}/tags/list?n=${PAGE_TAGS}`);
    assertEquals(JSON.parse(new TextDecoder().decode(list.body)).tags, tags.toSorted(), repository);
    if (moved.length === 0) continue;
    const latest = await send(url, "HEAD", `/v2/${repository}/manifests/latest`);
    assertEquals(
      moved.includes(latest.headers.get("Docker-Content-Digest") ?? ""),
      true,
      `latest of ${repository}`,
    );
  }
}

/**
 * Waits until all uploads have expired, no longer than so many milliseconds, and answers what is left over: the item of an
 * upload goes after all else of it.
 */
export async function leftoversAfter(stored: Stored, limit: number): Promise<string[]> {
  for (const deadline = Date.now() + limit;;) {
    const items = await stored.items();
    if (!items.some(({ pk }) => pk.startsWith("upload#")) || Date.now() > deadline) break;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  return await findLeftovers(stored);
}

/** Number of items of each kind. */
export type Census = Record<string, number>;

/**
 * Counts the items of the table, except what existing repositories and tags keep: epochs and histories; and leases.
 */
export async function takeCensus(stored: Stored): Promise<Census> {
  const counts: Census = {};
  const items = await stored.items();
  const repositories = new Set(items.filter(({ pk }) => pk === "repos").map(({ sk }) => `repo#${sk}`));
  const tags = new Set(items.map(({ pk, sk }) => `${pk} ${sk}`).filter((key) => key.includes(" tag#")));
  for (const { pk, sk } of items) {
    if (pk === "collection" || sk === "epoch" && repositories.has(pk)) continue;
    const [kind = "", tag] = sk.split("#");
    if (kind === "moved" && tags.has(`${pk} tag#${tag}`)) continue;
    const name = pk === "repos" ? "repository" : kind === "repo" ? "link" : kind;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** The items that these images need, and no more. */
export function censusOf(images: readonly ImagePlan[]): Census {
  const needs = images.flatMap(({ repository, config, layers }) => {
    return [...new Set([config, ...layers])].map(({ digest }) => ({ repository, digest }));
  });
  const tags = images.length +
    new Set(images.filter(({ latest }) => latest).map(({ repository }) => repository)).size;
  return {
    blob: new Set(needs.map(({ digest }) => digest)).size,
    edge: needs.length,
    link: new Set(needs.map(({ repository, digest }) => `${repository} ${digest}`)).size,
    manifest: images.length,
    repository: new Set(images.map(({ repository }) => repository)).size,
    tag: tags,
    tagged: tags,
  };
}

/** Waits until there is nothing but what is expected, no longer than so many milliseconds, and answers what there is. */
export async function settledCensus(stored: Stored, expected: Census, limit: number): Promise<Census> {
  for (const deadline = Date.now() + limit;;) {
    const census = await takeCensus(stored);
    const isSettled = Object.keys(census).length === Object.keys(expected).length &&
      Object.entries(expected).every(([kind, count]) => census[kind] === count);
    if (isSettled || Date.now() > deadline) return census;
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}
