import { assertEquals } from "@std/assert";
import { isForeignLayerMediaType, mediaTypeOf } from "./media_type.ts";

Deno.test("mediaTypeOf() leaves out parameters, white space and case", () => {
  assertEquals(
    mediaTypeOf("application/vnd.oci.image.index.v1+json"),
    "application/vnd.oci.image.index.v1+json",
  );
  assertEquals(mediaTypeOf("Application/JSON; charset=utf-8"), "application/json");
  assertEquals(mediaTypeOf(" text/plain\t;a;b"), "text/plain");
});

Deno.test("mediaTypeOf() is undefined when there is no type", () => {
  for (const field of [undefined, null, "", "  ", ";", "; charset=utf-8"]) {
    assertEquals(mediaTypeOf(field), undefined);
  }
});

Deno.test("isForeignLayerMediaType() knows non-distributable layers of any compression", () => {
  for (const suffix of ["tar", "tar+gzip", "tar+zstd"]) {
    assertEquals(
      isForeignLayerMediaType(`application/vnd.oci.image.layer.nondistributable.v1.${suffix}`),
      true,
    );
  }
  assertEquals(isForeignLayerMediaType("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"), true);
  assertEquals(isForeignLayerMediaType("application/vnd.docker.image.rootfs.diff.tar.gzip"), false);
  assertEquals(isForeignLayerMediaType("application/vnd.oci.image.layer.v1.tar+gzip"), false);
  assertEquals(isForeignLayerMediaType("x/application/vnd.oci.image.layer.nondistributable.v1.tar"), false);
});
