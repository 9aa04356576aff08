/** The requests to S3 of a layer that comes as docker sends it, counted where they arrive. */
import { assert, assertEquals } from "@std/assert";
import { createRegistry } from "../../registry/mod.ts";
import { makeStore } from "../../storage/objects/s3/testing/mod.ts";
import { MemoryTable } from "../../storage/mod.ts";
import { body, content, digest, PRINCIPAL, REPOSITORY } from "../harness/stores.ts";

const MIB = 1024 * 1024;

Deno.test("a layer of 20 MiB by PATCH and PUT costs four requests to S3, and each byte goes there once", async () => {
  await using made = await makeStore({ partSize: 16 * MIB });
  const { registry } = createRegistry({ objects: made.store, table: new MemoryTable(), now: Date.now });
  const bytes = content(20 * MIB);
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  made.server.reset();
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes, { chunk: 64 * 1024 }));
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes));
  assertEquals(made.server.requests, {
    CreateMultipartUpload: 1,
    UploadPart: 2,
    CompleteMultipartUpload: 1,
  });
  const sent = made.server.log.reduce((sum, { bytes }) => sum + bytes, 0);
  assert(sent >= bytes.length && sent < bytes.length * 1.001, `${sent} bytes`);
});

Deno.test("a layer of 10 MiB by PATCH and PUT costs one request to S3", async () => {
  await using made = await makeStore({ partSize: 16 * MIB });
  const { registry } = createRegistry({ objects: made.store, table: new MemoryTable(), now: Date.now });
  const bytes = content(10 * MIB);
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  made.server.reset();
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(bytes, { chunk: 64 * 1024 }));
  await registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(bytes));
  const requests = made.server.log.map(({ operation, bytes }) => ({ operation, bytes }));
  assertEquals(requests, [{ operation: "PutObject", bytes: bytes.length }]);
});
