import { assert, assertEquals, assertRejects } from "@std/assert";
import { gunzipSync, gzipSync } from "node:zlib";
import type { NewItem } from "../storage/mod.ts";
import { type BackupCounts, writeArchive } from "./archive.ts";
import { BackupError } from "./backup_error.ts";
import { archiveOf, bytesOf } from "./testing/mod.ts";

const ITEMS: NewItem[] = [
  {
    pk: "blob#sha256:aa",
    sk: "blob",
    attributes: { size: 7, object: "blobs/abc/abc-1", state: "live", writtenAt: 5 },
  },
  { pk: "repo#a", sk: "manifest#sha256:bb", attributes: { size: 3 }, bytes: Uint8Array.of(0, 10, 255) },
  { pk: "upload#1", sk: "upload", attributes: { text: "\n\u2028\u{1F600}" }, index: { pk: "i", sk: "1" } },
];

Deno.test("Archive returns the items and the description that were written", async () => {
  let counts: BackupCounts | undefined;
  async function* items() {
    yield* ITEMS;
  }
  const stream = writeArchive({ id: "one", startedAt: 1_700_000_000_123 }, items(), (told) => counts = told);
  const archive = await archiveOf(await new Response(stream).bytes());
  assertEquals(archive.header, { id: "one", startedAt: 1_700_000_000_123 });
  assertEquals(archive.counts, { items: 3, objects: 1, bytes: 7 });
  assertEquals(counts, archive.counts);
  for (let reading = 0; reading < 2; reading++) {
    assertEquals(await Array.fromAsync(archive.items()), ITEMS);
  }
});

Deno.test("writeArchive() writes lines that other programs can read", async () => {
  const lines = gunzipSync(await bytesOf(ITEMS)).toString().split("\n");
  assertEquals(lines.length, 6);
  assertEquals(JSON.parse(lines[0]!), {
    format: "skerry-backup",
    version: 1,
    id: "test",
    time: "1970-01-01T00:00:00.000Z",
  });
  assertEquals(JSON.parse(lines[2]!).bytes, "AAr/");
  assertEquals(JSON.parse(lines[4]!).end, { items: 3, objects: 1, bytes: 7 });
});

Deno.test("Archive rejects a backup that was truncated at any place", async () => {
  const bytes = await bytesOf(ITEMS);
  for (let length = 0; length < bytes.length; length++) {
    await assertRejects(() => archiveOf(bytes.slice(0, length)), BackupError, "Cannot read the backup");
  }
  // The lines alone, cut before the last one, are whole to the decompression.
  const lines = gunzipSync(bytes).toString().split("\n");
  for (let count = 0; count < 5; count++) {
    const text = lines.slice(0, count).map((line) => `${line}\n`).join("");
    await assertRejects(() => archiveOf(new Uint8Array(gzipSync(text))), BackupError, "its end is missing");
  }
});

Deno.test("Archive refuses a backup that was altered", async () => {
  const text = gunzipSync(await bytesOf(ITEMS)).toString();
  const alterations: [string, string][] = [
    [text.replace('"size":7', '"size":8'), "its content does not match its last line"],
    [text.replace(/^.*manifest#.*\n/m, ""), "its content does not match its last line"],
    [text.replace('"version":1', '"version":2'), "its format 2 is from a later release"],
    [text.replace("skerry-backup", "another"), "its first line is not that of a backup"],
    [text.replace('{"pk"', '{pk"'), "it has a line that is not JSON"],
    [`${text}{}\n`, "it has data after its end"],
    [text.slice(0, -1), "it ends in the middle of a line"],
  ];
  for (const [altered, reason] of alterations) {
    await assertRejects(() => archiveOf(new Uint8Array(gzipSync(altered))), BackupError, reason);
  }
});

Deno.test("writeArchive() reads items only as fast as its output is read", async () => {
  let made = 0;
  const filler = Array.from({ length: 100 }, () => crypto.randomUUID()).join("");
  async function* items(): AsyncGenerator<NewItem> {
    for (; made < 100_000; made++) yield { pk: "repo#a", sk: `edge#${made}`, attributes: { filler } };
  }
  const reader = writeArchive({ id: "large", startedAt: 0 }, items()).getReader();
  await reader.read();
  await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 20)); // it has all the time it wants
  assert(made < 1000, `${made} items`);
  await reader.cancel();
});
