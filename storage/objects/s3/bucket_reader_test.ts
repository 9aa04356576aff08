import { assertEquals, assertRejects } from "@std/assert";
import { CREDENTIALS } from "../../../tests/harness/credentials.ts";
import { type S3Server, startS3 } from "../../../tests/s3/mod.ts";
import { send } from "../../../tests/s3/testing.ts";
import { readAll } from "../read_all.ts";
import { BucketReader } from "./bucket_reader.ts";

async function readerOf(s3: S3Server, prefix = ""): Promise<BucketReader> {
  const { bucket, region, endpoint } = s3;
  const options = { bucket, region, endpoint, pathStyle: true, prefix };
  return await BucketReader.open(options, () => Promise.resolve(CREDENTIALS));
}

async function put(s3: S3Server, key: string, body: string): Promise<void> {
  const response = await send(s3, { method: "PUT", key, body });
  assertEquals(response.status, 200);
  await response.body?.cancel();
}

Deno.test("BucketReader lists the objects and folders of one folder, across pages", async () => {
  await using s3 = await startS3();
  for (const key of ["z/index.json", "z/team/app/index.json", "z/team/", "other", "z/blobs/sha256/a"]) {
    await put(s3, key, "four");
  }
  const names = Array.from({ length: 1001 }, (_, i) => `z/many/${String(i).padStart(4, "0")}/link`);
  for (const key of names) await put(s3, key, "");
  const reader = await readerOf(s3, "z/");
  assertEquals(await Array.fromAsync(reader.list("")), [
    { name: "blobs" },
    { name: "many" },
    { name: "team" },
    { name: "index.json", size: 4 },
  ]);
  assertEquals(await Array.fromAsync(reader.list("team")), [{ name: "app" }]);
  assertEquals(await Array.fromAsync(reader.list("absent")), []);
  const many = await Array.fromAsync(reader.list("many"));
  assertEquals([many.length, new Set(many.map(({ name }) => name)).size], [1001, 1001]);
});

Deno.test("BucketReader reads objects, ranges and sizes below its prefix", async () => {
  await using s3 = await startS3();
  await put(s3, "z/team/Tag_1.0/link", "content");
  const reader = await readerOf(s3, "z/");
  const text = async (range?: { first: number; last: number }) => {
    const found = await reader.get("team/Tag_1.0/link", range);
    return found && [found.size, new TextDecoder().decode(await readAll(found.body))];
  };
  assertEquals(await text(), [7, "content"]);
  assertEquals(await text({ first: 3, last: 6 }), [7, "tent"]);
  assertEquals([await reader.size("team/Tag_1.0/link"), await reader.size("team/absent")], [7, undefined]);
  assertEquals(await reader.get("team/absent"), undefined);
});

Deno.test("BucketReader refuses keys that a URL would change", async () => {
  await using s3 = await startS3();
  const reader = await readerOf(s3, "z/");
  for (const key of ["../secret", "a/../b", "a//b", "/a", "a b", "a%2fb", "ä", ""]) {
    await assertRejects(() => reader.get(key), RangeError);
    await assertRejects(() => reader.size(key), RangeError);
  }
  assertEquals(s3.log.length, 0);
});
