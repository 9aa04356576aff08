import { assertEquals } from "@std/assert";
import { splitUrl } from "./raw_url.ts";

Deno.test("splitUrl() changes nothing of what it takes apart", () => {
  const rows: [string, string, string | undefined][] = [
    ["http://h/", "/", undefined],
    ["http://h:80/a/../%2e//b\\c?d=%41&e", "/a/../%2e//b\\c", "d=%41&e"],
    ["http://h/a?b?c/d", "/a", "b?c/d"],
    ["http://h/a?", "/a", ""],
    ["http://h/http://i/j", "/http://i/j", undefined],
    ["http://h", "", undefined],
    ["http://h?a=/b", "", "a=/b"],
    ["http://h/a#b", "/a#b", undefined],
  ];
  for (const [url, path, query] of rows) assertEquals(splitUrl(url), { path, query }, url);
});
