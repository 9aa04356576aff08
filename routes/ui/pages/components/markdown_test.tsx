import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Markdown, MAX_MARKDOWN_CHARACTERS } from "./markdown.tsx";

/** HTML of a text in Markdown. */
async function html(text: string): Promise<string> {
  return String(await <Markdown text={text} />);
}

Deno.test("Markdown() shows headings, lists, tables, code and links", async () => {
  const page = await html(
    "# One\n\nA **b** `c<d>` [e](https://example.com/?a=1&b=2) &amp; \\*f\n\n- [x] g\n1. h\n\n| i | j |\n|---|---|\n| k | l |\n\n> m\n\n```\nn\n```\n\n---",
  );
  for (
    const part of [
      "<h3>One</h3>",
      "<strong>b</strong>",
      "<code>c&lt;d&gt;</code>",
      'href="https://example.com/?a=1&amp;b=2"',
      "&amp; *f",
      "☑ g",
      "<th",
      "k</td>",
      "<blockquote>",
      "<code>n</code>",
      "<hr",
    ]
  ) assertStringIncludes(page, part);
});

Deno.test("Markdown() makes no HTML of the text into elements, and no link with another scheme", async () => {
  const page = await html(
    `<script>alert(1)</script>

<img src=x onerror=alert(1)>

[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](data:text/html,x) [d](//evil.example) [e](vbscript:x)
<javascript:alert(1)> [f]: javascript:alert(1)

![g](https://evil.example/x.png) ![h](javascript:alert(1)) <a href="javascript:alert(1)">i</a>`,
  );
  assert(!/<(script|img|iframe|style|object)\b/i.test(page), page);
  const links = [...page.matchAll(/href="([^"]*)"/g)].map(([, href]) => href);
  assertEquals(links, ["https://evil.example/x.png"]);
  assertStringIncludes(page, "&lt;script&gt;");
});

Deno.test("Markdown() shows text that is nested too deep as it is, and cuts long text", async () => {
  for (const deep of ["> ".repeat(5000), "- ".repeat(5000), `${"*a **b ".repeat(60)}`, "[".repeat(10_000)]) {
    assertStringIncludes(await html(`${deep}end`), "end");
  }
  const page = await html("a".repeat(MAX_MARKDOWN_CHARACTERS + 1));
  assert(!page.includes("a".repeat(MAX_MARKDOWN_CHARACTERS + 1)));
  assertStringIncludes(page, "more than 16,384 characters");
});
