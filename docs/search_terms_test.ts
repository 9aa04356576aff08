import { assert, assertEquals } from "@std/assert";

/** Page and heading in which an operator finds each search term. */
const TERMS: Record<string, string> = {
  "garbage collection": "operations.md",
  "grace period": "operations.md",
  "rate limit": "protection.md",
  "quota": "protection.md",
  "pagination": "http-api.md",
  "redirect": "delivery.md",
  "deduplication": "operations.md",
  "readiness": "operations.md",
  "scrub": "operations.md",
  "lease": "operations.md",
  "sweep": "operations.md",
  "replica": "aws.md",
  "migration": "migration.md",
  "metrics": "monitoring.md",
  "traces": "monitoring.md",
  "reload": "operations.md",
  "retention": "retention.md",
  "rolling restart": "clustering.md",
  "container": "clustering.md",
  "robot account": "accounts.md",
  "personal access token": "accounts.md",
  "refresh token": "tokens.md",
  "workload": "tokens.md",
  "kubernetes": "kubernetes.md",
  "command line": "cli.md",
  "completion": "cli.md",
  "vulnerability scanning": "scanning.md",
  "load balancer": "load-balancers.md",
  "web ui": "ui.md",
  "session": "ui.md",
  "openid connect": "ui.md",
  "event": "webhooks.md",
  "signatures": "signatures.md",
  "json api": "api.md",
};

/** Text of a page, by its name in docs/. */
function readPage(name: string): Promise<string> {
  return Deno.readTextFile(new URL(name, import.meta.url));
}

/** Headings of a page, in lower case. */
function headingsOf(text: string): string[] {
  return text.replaceAll(/^\s*```.*?^\s*```/gms, "").split("\n")
    .filter((line) => /^#{1,6} /.test(line))
    .map((line) => line.replace(/^#+ /, "").toLowerCase());
}

/** Anchor of a heading, as GitHub makes it. */
function anchorOf(heading: string): string {
  return heading.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
}

for (const [term, page] of Object.entries(TERMS)) {
  Deno.test(`the search term "${term}" is in a heading of docs/${page}, and in the index with a link`, async () => {
    const headings = headingsOf(await readPage(page));
    assert(headings.some((heading) => new RegExp(`\\b${term}`).test(heading)), headings.join("\n"));
    const rows = (await readPage("README.md")).toLowerCase().split("\n").filter((row) => row.startsWith("|"));
    assert(
      rows.some((row) => row.split("|")[1]!.includes(term) && row.split("|")[2]!.includes(`(${page}`)),
      `No row for "${term}" links to ${page}`,
    );
  });
}

Deno.test("the glossary of ARCHITECTURE.md defines every word that operators read", async () => {
  const text = await readPage("../ARCHITECTURE.md");
  const section = text.split("\n## Glossary\n")[1]!.split("\n## ")[0]!;
  const defined = section.split("\n").map((row) => row.split("|")[1]?.trim());
  const words = [
    ...[
      "blob",
      "link",
      "edge",
      "tag mark",
      "upload",
      "grace period",
      "garbage collection",
      "condemned",
      "sweep",
    ],
    ...["scrub", "retention", "replica", "lease", "robot account", "personal access token", "refresh token"],
    ...["workload", "quota", "account token", "workload password", "login"],
  ];
  assertEquals(words.filter((word) => !defined.includes(word)), []);
});

Deno.test("README.md links to the index and to every page of docs/", async () => {
  const readme = await readPage("../README.md");
  const missing: string[] = [];
  for await (const { name } of Deno.readDir(new URL(".", import.meta.url))) {
    const linked = readme.includes(`(docs/${name})`) || (await readPage("README.md")).includes(`(${name}`);
    if (name.endsWith(".md") && !linked) missing.push(name);
  }
  assertEquals(missing, []);
  assert(readme.includes("(docs/README.md)"));
});

Deno.test("every link between pages leads to a page and a heading", async () => {
  const root = new URL("../", import.meta.url);
  const pages = ["README.md", "ARCHITECTURE.md", "SECURITY.md", "CONTRIBUTING.md"];
  for await (const { name } of Deno.readDir(new URL(".", import.meta.url))) {
    if (name.endsWith(".md")) pages.push(`docs/${name}`);
  }
  const broken: string[] = [];
  let seen = 0;
  for (const page of pages) {
    const text = await Deno.readTextFile(new URL(page, root));
    for (const [, path, anchor] of text.matchAll(/\]\(((?!https?:)[^)#\s]*\.md)?(?:#([^)\s]+))?\)/g)) {
      if (path === undefined && anchor === undefined) continue;
      seen++;
      const target = path === undefined ? new URL(page, root) : new URL(path, new URL(page, root));
      const found = await Deno.readTextFile(target).catch(() => undefined);
      const anchors = headingsOf(found ?? "").map(anchorOf);
      // A heading that is there twice has "-1" behind its second anchor.
      const known = anchor === undefined || anchors.includes(anchor) ||
        anchors.includes(anchor.replace(/-\d$/, ""));
      if (found === undefined || !known) broken.push(`${page}: ${path ?? ""}#${anchor ?? ""}`);
    }
  }
  assertEquals(broken, []);
  assert(seen > 50, `${seen} links found`);
});
