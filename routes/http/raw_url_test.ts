import { assertEquals } from "@std/assert";
import { routerPath, splitUrl } from "./raw_url.ts";

Deno.test("splitUrl() changes nothing in the parts", () => {
  const rows: [string, string, string, string | undefined][] = [
    ["http://h/", "h", "/", undefined],
    ["http://h:80/a/../%2e//b\\c?d=%41&e", "h:80", "/a/../%2e//b\\c", "d=%41&e"],
    ["http://h/a?b?c/d", "h", "/a", "b?c/d"],
    ["http://h/a?", "h", "/a", ""],
    ["http://h/http://i/j", "h", "/http://i/j", undefined],
    ["http://h", "h", "", undefined],
    ["http://h?a=/b", "h", "", "a=/b"],
    ["http://h/a#b", "h", "/a#b", undefined],
    ["http://h#/v2/a", "h#", "/v2/a", undefined],
    ["http://a@b/v2/", "a@b", "/v2/", undefined],
  ];
  for (const [url, authority, path, query] of rows) {
    assertEquals(splitUrl(url), { authority, path, query }, url);
  }
});

Deno.test("routerPath() is the same for all paths of repositories, and the raw path of all others", () => {
  for (
    const path of ["/v2/a/tags/list", "/v2/0/blobs/uploads/?digest=/v2/", "/v2/library/alpine/manifests/1"]
  ) {
    assertEquals(routerPath(`http://h${path}`), "/v2/a", path);
  }
  for (
    const path of [
      "",
      "/",
      "/v2",
      "/v2/",
      "/v2/_catalog",
      "/v2/_skerry/tokens",
      "/v2/%61",
      "/v2/A",
      "/token",
      "/v20/a",
    ]
  ) {
    assertEquals(routerPath(`http://h${path}`), path);
    if (path !== "") assertEquals(routerPath(`http://h${path}?n=/v2/a`), path);
  }
});
