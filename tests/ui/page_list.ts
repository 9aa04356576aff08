/**
 * Every page that people read, over content that {@linkcode pushPages} pushes.
 *
 * @module
 */
import type { Send } from "../harness/content.ts";
import { pushManyLayers, pushManyReferrers, pushManyTags } from "./content.ts";
import { pushHostile } from "./hostile.ts";
import { pushRich } from "./rich.ts";

/** Paths of pages by a name for each, which is that of its pictures. */
export type PageList = Record<string, string>;

/** Pages of a registry without content. */
export const EMPTY_PAGES: PageList = {
  "empty-repositories": "/",
  "empty-search": "/search?q=nothing",
  "empty-storage": "/admin/storage",
};

/** Pushes rich and hostile content, and answers its pages. */
export async function pushPages(send: Send): Promise<PageList> {
  const rich = await pushRich(send);
  const hostile = await pushHostile(send);
  const shop = "/r/shop/api";
  const bad = "/r/hostile/constructor";
  return {
    repositories: "/",
    "repositories-filtered": "/?q=shop",
    repository: shop,
    image: `${shop}/-/at/${rich.image}`,
    index: `${shop}/-/at/2.4.1`,
    sbom: `${shop}/-/at/${rich.sbom}`,
    signature: `${shop}/-/at/${rich.signature}`,
    referrers: `${shop}/-/referrers/${rich.index}`,
    history: `${shop}/-/history?tag=latest`,
    move: `${shop}/-/move?tag=latest&digest=${rich.old}`,
    "move-form": `${shop}/-/move?digest=${rich.old}`,
    "delete-tag": `${shop}/-/delete?tag=latest`,
    "delete-manifest": `${shop}/-/delete?digest=${rich.index}`,
    "delete-repository": `${shop}/-/delete`,
    diff: `${shop}/-/diff?from=2.4.0&to=2.4.1`,
    "diff-form": `${shop}/-/diff?to=2.4.1`,
    chart: "/r/charts/shop/-/at/1.8.0",
    model: "/r/models/summariser/-/at/1.0",
    policy: "/r/platform/policy/admission/-/at/1.0",
    wasm: "/r/shop/filters/-/at/1.0",
    compose: "/r/shop/compose/-/at/1.0",
    search: "/search?q=shop",
    "search-packages": "/search?q=openssl&in=package",
    "search-form": "/search",
    status: "/admin",
    storage: "/admin/storage",
    quotas: "/admin/quotas",
    uploads: "/admin/uploads",
    collection: "/admin/collection",
    retention: "/admin/retention?repository=shop/api",
    explain: "/admin/policy",
    "hostile-repository": bad,
    "hostile-image": `${bad}/-/at/${hostile.image}`,
    "hostile-sbom": `${bad}/-/at/${hostile.sbom}`,
    "hostile-referrers": `${bad}/-/referrers/${hostile.image}`,
    "hostile-diff": `${bad}/-/diff?from=v1&to=${hostile.image}`,
    "hostile-history": `${bad}/-/history?tag=v1`,
    "hostile-search": `/search?q=W&in=annotation&in=package`,
  };
}

/** Pushes 10,000 tags, 1,000 referrers and 120 layers, or fewer, and answers the pages. */
export async function pushHugePages(send: Send, part = 1): Promise<PageList> {
  await pushManyTags(send, "huge/tags", 10_000 * part);
  await pushManyLayers(send, "huge/layers", 120);
  const subject = await pushManyReferrers(send, "huge/referrers", 1000 * part);
  return {
    "huge-tags": "/r/huge/tags",
    "huge-tags-filtered": "/r/huge/tags?q=v00&sort=name",
    "huge-layers": "/r/huge/layers/-/at/many-layers",
    "huge-layers-next": "/r/huge/layers/-/at/many-layers?from=60",
    "huge-diff": "/r/huge/layers/-/diff?from=many-layers&to=many-layers",
    "huge-manifest": "/r/huge/tags/-/at/v00000-" + "x".repeat(121),
    "huge-referrers": `/r/huge/referrers/-/referrers/${subject.digest}`,
    "huge-search": "/search?q=v0",
  };
}
