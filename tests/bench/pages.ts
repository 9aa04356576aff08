import { pushHugePages, pushPages } from "../ui/page_list.ts";
import { startCopy } from "./copy.ts";
import { type Figure, median } from "./figure.ts";
import { interleave, ratios } from "./rounds.ts";
import type { Server } from "./server.ts";
import { startSubject } from "./subject.ts";

/** Pages of each kind, rich and huge. The others are made of the same parts. */
const PAGES = [
  "repositories",
  "repository",
  "image",
  "index",
  "sbom",
  "referrers",
  "history",
  "diff",
  "search",
  "storage",
  "huge-tags",
  "huge-layers",
  "huge-referrers",
];

/** Header fields of a browser: other clients get text from `/`. */
const BROWSER = { Accept: "text/html" };

/** Requests of one sample, one after the other. */
const REQUESTS = 5;

/** Pages of the web UI: time to the first byte beside a handler that always answers the same bytes. */
export async function pages(rounds: number): Promise<Figure[]> {
  await using subject = await startSubject();
  const send = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${subject.port}${path}`, init);
  const paths = { ...await pushPages(send), ...await pushHugePages(send) };
  const figures: Figure[] = [];
  for (const name of PAGES) {
    const path = paths[name];
    if (path === undefined) throw new Error(`There is no page ${name}`);
    await using bare = await startCopy(subject, path, 200, BROWSER);
    const times = await interleave(rounds, {
      page: () => firstByte(subject, path),
      bare: () => firstByte(bare, path),
    });
    figures.push({
      name: `page "${name}": time to first byte / bare handler`,
      samples: ratios(times.page, times.bare),
      unit: "x",
      counts: "median",
      detail: `${milliseconds(times.page)}, bare ${milliseconds(times.bare)}`,
    });
  }
  return figures;
}

/** Milliseconds from a request for a page to the head of its answer. */
async function firstByte({ port }: Server, path: string): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < REQUESTS; i++) {
    const begin = performance.now();
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: BROWSER });
    times.push(performance.now() - begin);
    const text = await response.text();
    if (!response.ok || !text.startsWith("<!doctype html>")) {
      throw new Error(`Cannot measure ${path}: ${response.status} ${text.slice(0, 200)}`);
    }
  }
  return median(times);
}

function milliseconds(times: readonly number[]): string {
  return `${median(times).toFixed(1)} ms`;
}
