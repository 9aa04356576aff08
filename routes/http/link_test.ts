import { assertEquals } from "@std/assert";
import { nextLink } from "./link.ts";

Deno.test("nextLink() is relative and omits absent parameters", () => {
  assertEquals(nextLink("/v2/a/tags/list", [["n", "2"], ["last", "v1"]]), {
    Link: '</v2/a/tags/list?n=2&last=v1>; rel="next"',
  });
  assertEquals(nextLink("/v2/_catalog", [["n", undefined], ["last", "a/b"]]), {
    Link: '</v2/_catalog?last=a%2Fb>; rel="next"',
  });
});

Deno.test("nextLink() encodes characters that would end the target or begin another header", () => {
  const { Link } = nextLink("/v2/a/referrers/b", [[
    "artifactType",
    'x>; rel="evil"\r\nSet-Cookie: a=b&last=',
  ]]);
  assertEquals(
    Link,
    '</v2/a/referrers/b?artifactType=x%3E%3B%20rel%3D%22evil%22%0D%0ASet-Cookie%3A%20a%3Db%26last%3D>; rel="next"',
  );
});
