import { assertEquals } from "@std/assert";
import { SafeLink, safeUrl } from "./safe_link.tsx";

Deno.test("safeUrl() returns absolute URLs of http, https and mailto", () => {
  assertEquals(safeUrl("https://example.com/a?b=c#d"), "https://example.com/a?b=c#d");
  assertEquals(safeUrl("HTTP://EXAMPLE.com"), "http://example.com/");
  assertEquals(safeUrl("mailto:a@example.com"), "mailto:a@example.com");
});

Deno.test("safeUrl() refuses every URL that could execute or mislead", () => {
  const hostile = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "\u0001javascript:alert(1)",
    "java\nscript:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "blob:https://example.com/1",
    "file:///etc/passwd",
    "view-source:https://example.com",
    "https://user:password@example.com",
    "https://trusted.example@evil.example",
    "https://example.com/\u202efdp.exe",
    "https://example.com/\0",
    "//evil.example",
    "/r/a",
    "",
    "https://",
    `https://example.com/${"a".repeat(3000)}`,
  ];
  for (const url of hostile) assertEquals(safeUrl(url), undefined, JSON.stringify(url));
});

Deno.test("SafeLink() escapes its text, and links only where it may", () => {
  const url = 'https://example.com/"><script>';
  assertEquals(
    String(<SafeLink url={url} />),
    '<a href="https://example.com/%22%3E%3Cscript%3E" rel="noopener noreferrer nofollow ugc">' +
      "https://example.com/&quot;&gt;&lt;script&gt;</a>",
  );
  assertEquals(
    String(<SafeLink url="javascript:alert('<b>')" />),
    '<span class="unlinked">javascript:alert(&#39;&lt;b&gt;&#39;)</span>',
  );
});
