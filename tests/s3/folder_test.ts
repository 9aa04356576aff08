import { assertEquals } from "@std/assert";
import { startS3 } from "./mod.ts";
import { send } from "./testing.ts";

/** The least bytes of a part on AWS. */
const PART_SIZE = 5 * 1024 * 1024;

Deno.test("startS3() with a folder has the objects and parts of an earlier server", async () => {
  const folder = await Deno.makeTempDir({ prefix: "skerry-" });
  const part = new Uint8Array(PART_SIZE).fill(7);
  let uploadId: string;
  let etag: string;
  {
    await using s3 = await startS3({ folder });
    await send(s3, { method: "PUT", key: "kept", body: "content" });
    await send(s3, { method: "PUT", key: "deleted", body: "deleted" });
    await send(s3, { method: "DELETE", key: "deleted" });
    const created = await send(s3, { method: "POST", key: "large", query: { uploads: "" } });
    uploadId = /<UploadId>(\w+)/.exec(await created.text())![1]!;
    const query = { partNumber: "1", uploadId };
    etag = (await send(s3, { method: "PUT", key: "large", query, body: part })).headers.get("etag")!;
  }
  await using s3 = await startS3({ folder });
  assertEquals(await (await send(s3, { method: "GET", key: "kept" })).text(), "content");
  assertEquals((await send(s3, { method: "GET", key: "deleted" })).status, 404);
  const last = await send(s3, {
    method: "PUT",
    key: "large",
    query: { partNumber: "2", uploadId },
    body: "last",
  });
  const parts = [etag, last.headers.get("etag")!];
  const body = `<CompleteMultipartUpload>${
    parts.map((tag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${tag}</ETag></Part>`).join("")
  }</CompleteMultipartUpload>`;
  const completed = await send(s3, { method: "POST", key: "large", query: { uploadId }, body });
  assertEquals(completed.status, 200, await completed.text());
  const range = { range: `bytes=${PART_SIZE - 1}-${PART_SIZE + 1}` };
  const read = await (await send(s3, { method: "GET", key: "large", headers: range })).bytes();
  assertEquals([...read], [7, ..."la"].map((byte) => typeof byte === "number" ? byte : byte.charCodeAt(0)));
  // The files of "kept" and of the two parts.
  assertEquals([...Deno.readDirSync(`${folder}/pieces`)].length, 3);
  await Deno.remove(folder, { recursive: true });
});
