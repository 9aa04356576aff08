import { assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../command.ts";
import { readSourcePlace } from "./import_options.ts";

const NONE = { endpoint: undefined, region: undefined, pathStyle: false };

Deno.test("readSourcePlace() reads folders and buckets", () => {
  assertEquals(readSourcePlace({ ...NONE, source: "/var/lib/zot" }), { folder: "/var/lib/zot" });
  const bucket = { bucket: "b", prefix: "", region: "us-east-1", pathStyle: false };
  assertEquals(readSourcePlace({ ...NONE, source: "s3://b" }), bucket);
  assertEquals(readSourcePlace({ ...NONE, source: "s3://b/zot/" }), { ...bucket, prefix: "zot" });
  const all = { source: "s3://b/a/b", endpoint: "http://s3:9000", region: "eu-west-1", pathStyle: true };
  const { source: _, ...rest } = all;
  assertEquals(readSourcePlace(all), { bucket: "b", prefix: "a/b", ...rest });
});

Deno.test("readSourcePlace() refuses options that do not fit the source", () => {
  const wrong = [
    { ...NONE, source: "" },
    { ...NONE, source: "s3://" },
    { ...NONE, source: "s3:///prefix" },
    { ...NONE, source: "/var/lib/zot", region: "eu-west-1" },
    { ...NONE, source: "/var/lib/zot", pathStyle: true },
    { ...NONE, source: "s3://b", endpoint: "s3:9000" },
  ];
  for (const given of wrong) assertThrows(() => readSourcePlace(given), MisuseError);
});
