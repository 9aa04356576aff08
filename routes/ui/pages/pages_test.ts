/** Every page over rich, hostile and huge content: its safety, its bytes and its requests to the stores. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { MemoryObjectStore, MemoryTable } from "../../../storage/mod.ts";
import { buildApp, type TestApp } from "../../../tests/harness/app.ts";
import { EMPTY, imageOf, pushBlob, pushManifest } from "../../../tests/harness/content.ts";
import { type Calls, counted } from "../../../tests/harness/call_counts.ts";
import { EMPTY_PAGES, type PageList, pushHugePages, pushPages } from "../../../tests/ui/page_list.ts";
import { uiOptions } from "../../../tests/ui/serve.ts";
import { assetUrl } from "../assets.ts";

const BROWSER = { headers: { Accept: "text/html" } };

/** Largest page with all that it loads. */
const MAX_BYTES = 100_000;

interface Filled extends TestApp {
  pages: PageList;
  take: () => Calls;
  /** Another process over the same stores, which remembers nothing. */
  restart: () => Promise<TestApp>;
}

/** A registry with all content; of the huge one a tenth, because pages are bounded anyway. */
async function fill(): Promise<Filled> {
  const { objects, table, take } = counted(new MemoryObjectStore(), new MemoryTable());
  const restart = async () => buildApp({ ...await uiOptions(), registry: { objects, table } });
  const app = await restart();
  const pages = { ...await pushPages(app.request), ...await pushHugePages(app.request, 0.1) };
  return { ...app, pages, take, restart };
}

const filled = await fill();

async function open({ request }: Pick<TestApp, "request">, path: string): Promise<string> {
  const response = await request(path, BROWSER);
  const text = await response.text();
  assertEquals(response.status, 200, `${path}: ${text}`);
  return text;
}

/** Names of attributes that pages use. */
const ATTRIBUTES = new Set(
  ("action aria-current aria-hidden aria-label aria-labelledby autocapitalize autocomplete charset checked class " +
    "content d data-copy data-filter data-l data-theme datetime for height href id lang maxlength method name open " +
    "placeholder preserveaspectratio rel required role scope selected spellcheck src start tabindex title type value viewbox " +
    "width alt").split(" "),
);

/** Problems of a page that could execute, load or send something that is not its own. */
function dangersIn(page: string): string[] {
  const dangers: string[] = [];
  for (const [tag, name = "", rest = ""] of page.matchAll(/<([a-z][a-z0-9]*)((?:\s[^<>]*)?)>/gi)) {
    if (/^(iframe|object|embed|style|base|svg:script)$/i.test(name)) dangers.push(tag);
    if (name === "script" && !/^ src="\/assets\/[\w.-]+"$/.test(rest)) dangers.push(tag);
    for (const [, attribute = "", value = ""] of rest.matchAll(/\s([^\s=">/]+)(?:="([^"]*)")?/g)) {
      if (!ATTRIBUTES.has(attribute.toLowerCase())) dangers.push(`${attribute} in ${tag}`);
      if (/^(href|src|action)$/.test(attribute) && !isSafe(value)) dangers.push(tag);
    }
    // All text of attributes has been read: nothing is left of the tag.
    if (rest.replace(/\s[^\s=">/]+(?:="[^"]*")?/g, "").replace("/", "").trim() !== "") dangers.push(tag);
  }
  return dangers;
}

/** True for a path of the registry, a place in the page, and an absolute URL of a document. */
function isSafe(url: string): boolean {
  return /^(\/(?!\/)|#|https?:\/\/[^@]+$|mailto:)/.test(url);
}

Deno.test("dangersIn() finds the elements and attributes of attacks", () => {
  const attacks = [
    '<a href="javascript:x">',
    '<a href="//evil.example">',
    "<script>x</script>",
    '<script src="https://evil.example/x.js">',
    '<p onclick="x">',
    '<p style="x">',
    "<p class=x>",
    "<iframe>",
  ];
  for (const attack of attacks) assert(dangersIn(attack).length > 0, attack);
  assertEquals(
    dangersIn('<a class="b" href="/r/a?b=c&amp;d">x</a><script src="/assets/a-b.js"></script>'),
    [],
  );
});

Deno.test("no page has an element or an attribute of its content", async () => {
  const { pages } = filled;
  assert(Object.keys(pages).filter((name) => name.startsWith("hostile")).length >= 7);
  for (const [name, path] of Object.entries(pages)) {
    assertEquals(dangersIn(await open(filled, path)), [], name);
  }
  assertStringIncludes(
    await open(filled, pages["hostile-repository"]!),
    "&lt;script&gt;trap(5)&lt;/script&gt;",
  );
});

/** Most KiB of each page without style, script and icon; a page takes more than half of them. */
const KIB: Record<string, number> = {
  "delete-manifest": 4,
  "delete-repository": 4,
  "delete-tag": 4,
  "diff-form": 3,
  "hostile-diff": 4,
  "hostile-history": 5,
  "hostile-image": 22,
  "hostile-referrers": 13,
  "hostile-repository": 14,
  "hostile-sbom": 16,
  "hostile-search": 10,
  "huge-diff": 4,
  "huge-layers": 75,
  "huge-layers-next": 70,
  "huge-manifest": 26,
  "huge-referrers": 26,
  "huge-search": 8,
  "huge-tags": 40,
  "huge-tags-filtered": 40,
  "repositories-filtered": 6,
  "search-form": 4,
  "search-packages": 5,
  chart: 10,
  collection: 4,
  compose: 14,
  diff: 7,
  explain: 4,
  history: 5,
  image: 14,
  index: 12,
  model: 10,
  move: 5,
  "move-form": 4,
  policy: 10,
  quotas: 3,
  referrers: 8,
  repositories: 9,
  repository: 10,
  retention: 4,
  sbom: 20,
  search: 5,
  signature: 9,
  status: 3,
  storage: 12,
  uploads: 3,
  wasm: 9,
};

Deno.test("each page takes at most 100 KB with all that it loads, and its own size is known", async () => {
  const assets = ["style.css", "script.js", "icon.svg"] as const;
  let loaded = 0;
  for (const name of assets) loaded += (await open(filled, assetUrl(name))).length;
  const unexpected: Record<string, number> = {};
  for (const [name, path] of Object.entries(filled.pages)) {
    const bytes = new TextEncoder().encode(await open(filled, path)).length;
    assert(bytes + loaded <= MAX_BYTES, `${name}: ${bytes + loaded}`);
    const most = KIB[name] ?? 0;
    if (bytes > most * 1024 || bytes < most * 512) unexpected[name] = Math.ceil(bytes / 1024);
  }
  assertEquals(unexpected, {});
});

/** Table and object requests of each page: when a process opens it first, and again. */
const REQUESTS: Record<string, string> = {
  "delete-manifest": "5+0, 5+0",
  "delete-repository": "4+0, 4+0",
  "delete-tag": "4+0, 4+0",
  "diff-form": "0+0, 0+0",
  "hostile-diff": "4+1, 4+0",
  "hostile-history": "3+0, 3+0",
  "hostile-image": "10+1, 10+0",
  "hostile-referrers": "24+7, 24+0",
  "hostile-repository": "10+2, 8+0",
  "hostile-sbom": "11+1, 11+0",
  "hostile-search": "49+3, 41+0",
  "huge-diff": "5+2, 5+0",
  "huge-layers": "11+1, 11+0",
  "huge-layers-next": "11+1, 11+0",
  "huge-manifest": "10+0, 10+0",
  "huge-referrers": "22+1, 22+0",
  "huge-search": "13+0, 13+0",
  "huge-tags": "8+0, 6+0",
  "huge-tags-filtered": "8+0, 7+0",
  "repositories-filtered": "13+0, 7+0",
  "search-form": "0+0, 0+0",
  "search-packages": "39+3, 21+0",
  chart: "12+2, 12+0",
  collection: "7+0, 7+0",
  compose: "12+1, 12+0",
  diff: "6+0, 6+0",
  explain: "0+0, 0+0",
  history: "3+0, 3+0",
  image: "22+2, 17+0",
  index: "14+1, 11+0",
  model: "10+0, 10+0",
  move: "3+0, 3+0",
  "move-form": "0+0, 0+0",
  policy: "12+1, 12+0",
  quotas: "0+0, 0+0",
  referrers: "18+5, 18+0",
  repositories: "25+0, 13+0",
  repository: "13+2, 9+0",
  retention: "1+0, 1+0",
  sbom: "14+2, 11+0",
  search: "13+0, 13+0",
  signature: "7+1, 7+0",
  status: "1+0, 1+0",
  storage: "200+0, 200+0",
  uploads: "16+0, 16+0",
  wasm: "10+0, 10+0",
};

Deno.test("each page makes a fixed number of requests to the stores", async () => {
  const found: Record<string, string> = {};
  for (const [name, path] of Object.entries(filled.pages)) {
    const counts: string[] = [];
    const process = await filled.restart();
    for (let time = 0; time < 2; time++) {
      filled.take();
      await open(process, path);
      const { table, objects } = filled.take();
      counts.push(`${table}+${objects}`);
    }
    found[name] = counts.join(", ");
  }
  assertEquals(found, REQUESTS);
});

Deno.test("the page of an image shows its signatures, the signer and the rule that they meet", async () => {
  const signed = await open(filled, filled.pages["index"]!);
  for (
    const part of [
      "verified",
      "Rule <b>release</b> is met",
      "Signed with key &quot;release&quot;",
      "sigstore-bundle",
    ]
  ) {
    assertStringIncludes(signed, part);
  }
  const unsigned = await open(filled, filled.pages["chart"]!);
  assertStringIncludes(unsigned, "not signed");
  assertStringIncludes(unsigned, "Rule <b>release</b> is not met, and only logs");
  assert(!(await open(filled, filled.pages["signature"]!)).includes('id="signatures"'));
});

Deno.test("a page warns of retention only for a manifest without tag, index and subject", async () => {
  const warning = "retention may remove it";
  for (const name of ["index", "image", "sbom"]) {
    assert(!(await open(filled, filled.pages[name]!)).includes(warning), name);
  }
  await pushBlob(filled.request, "lone/image", EMPTY);
  const { digest } = await pushManifest(filled.request, "lone/image", imageOf("lone"));
  assertStringIncludes(await open(filled, `/r/lone/image/-/at/${digest}`), warning);
});

Deno.test("no page links to paths that need the login of a client", async () => {
  for (const [name, path] of Object.entries(filled.pages)) {
    assert(!(await open(filled, path)).includes('href="/v2/'), name);
  }
});

Deno.test("an empty registry shows the commands of the first push to this address", async () => {
  const app = buildApp({ ui: { url: "https://registry.test" } });
  for (const path of Object.values(EMPTY_PAGES)) assertEquals(dangersIn(await open(app, path)), []);
  assertStringIncludes(await open(app, "/"), "docker push registry.test/demo/hello:1.0");
});

Deno.test("pages of content that does not exist answer 404, and malformed requests 400", async () => {
  const requests: [path: string, status: number][] = [
    ["/r/no/such", 404],
    ["/r/shop/api/-/at/none", 404],
    [`/r/shop/api/-/at/sha256:${"0".repeat(64)}`, 404],
    ["/r/shop/api/-/history?tag=none", 404],
    ["/r/shop/api/-/history", 400],
    ["/r/shop/api/-/history?tag=sha256:x", 400],
    ["/r/shop/api/-/diff?from=none&to=2.4.1", 404],
    ["/r/shop/api?sort=size", 400],
    ["/r/shop/api?last=%00", 400],
    ["/r/shop/api/-/at/latest?from=x", 400],
    ["/admin/policy?action=x", 400],
  ];
  for (const [path, status] of requests) {
    const response = await filled.request(path, BROWSER);
    assertEquals(response.status, status, `${path}: ${await response.text()}`);
  }
});
