import { createHash } from "node:crypto";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { ContentMismatchError, StorageFullError, UnavailableError } from "../../errors.ts";
import { content, read } from "../contract/fixtures.ts";
import { objectStoreContract } from "../contract/mod.ts";
import { makeStore, makeStub } from "./testing/mod.ts";

objectStoreContract("S3ObjectStore", () => makeStore({ prefix: "some/folder/" }), { verifiesContent: true });

Deno.test("S3ObjectStore makes one request for each call", async () => {
  await using made = await makeStore();
  const { store, server } = made;
  const calls = async (run: () => Promise<unknown>) => {
    server.reset();
    await run();
    return server.requests;
  };
  assertEquals(await calls(() => store.put("a", content(9))), { PutObject: 1 });
  assertEquals(await calls(() => read(store, "a")), { GetObject: 1 });
  assertEquals(await calls(() => read(store, "a", { first: 1, last: 2 })), { GetObject: 1 });
  assertEquals(await calls(() => store.get("none")), { GetObject: 1 });
  assertEquals(await calls(() => store.size("a")), { HeadObject: 1 });
  assertEquals(await calls(() => store.list("", { limit: 9 })), { ListObjectsV2: 1 });
  let partsId = "";
  assertEquals(await calls(async () => partsId = await store.startParts("b")), { CreateMultipartUpload: 1 });
  assertEquals(await calls(() => store.listParts("", 9)), { ListMultipartUploads: 1 });
  const put = () => store.putPart("b", partsId, 1, content(9));
  assertEquals(await calls(put), { UploadPart: 1 });
  const parts = [await put()];
  assertEquals(await calls(() => store.completeParts("b", partsId, parts)), { CompleteMultipartUpload: 1 });
  const aborted = await store.startParts("c");
  assertEquals(await calls(() => store.abortParts("c", aborted)), { AbortMultipartUpload: 1 });
  assertEquals(await calls(() => store.delete(["a"])), { DeleteObject: 1 });
  assertEquals(await calls(() => store.delete(["a", "b", "c"])), { DeleteObjects: 1 });
  assertEquals(await calls(() => store.delete([])), {});
});

Deno.test("S3ObjectStore has the store verify the hash that the caller knows", async () => {
  await using made = await makeStore();
  const { store } = made;
  const sha256 = createHash("sha256").update(content(9)).digest("hex");
  await store.put("a", content(9), sha256);
  await assertRejects(() => store.put("b", content(8), sha256), ContentMismatchError);
  assertEquals([await store.size("a"), await store.size("b")], [9, undefined]);
});

Deno.test("S3ObjectStore lists and deletes more than one request does", async () => {
  await using made = await makeStore();
  const { store, server } = made;
  const keys = Array.from({ length: 1001 }, (_, i) => `a/${String(i).padStart(4, "0")}`);
  for (let i = 0; i < keys.length; i += 50) {
    await Promise.all(keys.slice(i, i + 50).map((key) => store.put(key, content(1))));
  }
  server.reset();
  assertEquals(await store.list("", { limit: 2000 }), keys);
  await store.delete(keys);
  assertEquals(await store.list("", { limit: 2000 }), []);
  assertEquals(server.requests, { ListObjectsV2: 3, DeleteObjects: 2 });
});

Deno.test("S3ObjectStore uses only keys below its prefix that have the form of its own", async () => {
  await using made = await makeStore();
  const outer = await made.open({ prefix: "out/" });
  const inner = await made.open({ prefix: "out/In.ner/" });
  await made.store.put("a", content(1));
  await outer.put("a", content(2));
  await inner.put("a", content(3));
  const partsId = await inner.startParts("b");
  assertEquals((await read(outer, "a"))?.length, 2);
  assertEquals(await outer.list("", { limit: 1 }), ["a"]);
  assertEquals(await outer.list("", { limit: 9 }), ["a"]);
  assertEquals(await inner.list("", { limit: 9 }), ["a"]);
  assertEquals(await outer.listParts("", 9), []);
  assertEquals(await inner.listParts("", 9), [{ key: "b", partsId }]);
  assertEquals(made.server.log.find(({ operation }) => operation === "PutObject")?.key, "a");
  assert(made.server.log.some(({ key }) => key === "out/In.ner/a"));
});

Deno.test("S3ObjectStore retries after the store was too busy", async () => {
  await using made = await makeStore();
  const { store, server } = made;
  const after = async (times: number, run: () => Promise<unknown>) => {
    server.reset();
    server.quirks.slowDown = times;
    await run();
    return server.requests;
  };
  assertEquals(await after(2, () => store.put("a", content(9))), { PutObject: 3 });
  assertEquals(await after(1, () => read(store, "a")), { GetObject: 2 });
  assertEquals(await after(1, () => store.size("a")), { HeadObject: 2 });
  assertEquals(await after(1, () => store.list("", { limit: 1 })), { ListObjectsV2: 2 });
  const partsId = await store.startParts("b");
  const put = () => store.putPart("b", partsId, 1, content(9));
  assertEquals(await after(1, put), { UploadPart: 2 });
  const parts = [await put()];
  assertEquals(await after(1, () => store.completeParts("b", partsId, parts)), {
    CompleteMultipartUpload: 2,
  });
  assertEquals(await after(1, () => store.delete(["a"])), { DeleteObject: 2 });
  assertEquals(await after(1, () => store.delete(["a", "c"])), { DeleteObjects: 2 });
  assertEquals(await read(store, "b"), content(9));
});

Deno.test("S3ObjectStore gives up when the store is not there", async () => {
  await using made = await makeStore();
  const store = await made.open({ deadline: 60 });
  const id = await store.startParts("a");
  await made.server[Symbol.asyncDispose]();
  for (
    const call of [
      () => store.get("a"),
      () => store.put("a", content(1)),
      () => store.size("a"),
      () => store.startParts("a"),
      () => store.putPart("a", id, 1, content(1)),
      () => store.completeParts("a", id, [{ number: 1, size: 1, etag: '"a"' }]),
      () => store.abortParts("a", id),
      () => store.delete(["a"]),
      () => store.list("", { limit: 1 }),
      () => store.listParts("", 1),
    ]
  ) await assertRejects(call, UnavailableError, "", `${call}`);
});

Deno.test("S3ObjectStore asks again when an answer does not come", async () => {
  const unanswered = Promise.withResolvers<Response>();
  let asked = 0;
  await using stub = await makeStub(
    () => ++asked === 1 ? unanswered.promise : new Response("abc"),
    { attemptTimeout: 50 },
  );
  assertEquals(await read(stub.store, "a"), new TextEncoder().encode("abc"));
  assertEquals(asked, 2);
  unanswered.resolve(new Response());
});

Deno.test("S3ObjectStore get() fails in the middle when the store breaks off", async () => {
  await using made = await makeStore();
  const { store, server } = made;
  await store.put("a", content(1_000_000));
  for (const range of [undefined, { first: 10, last: 900_000 }]) {
    server.reset();
    server.quirks.cutBodies = 1;
    const found = await store.get("a", range);
    assertEquals(found?.size, 1_000_000);
    await assertRejects(() => new Response(found?.body).bytes(), TypeError);
    assertEquals(server.requests, { GetObject: 1 });
  }
  assertEquals(await read(store, "a"), content(1_000_000));
});

Deno.test("S3ObjectStore never takes a bucket that is not there for an empty one", async () => {
  await using made = await makeStore();
  const store = await made.open({ bucket: "another" });
  await assertRejects(() => store.get("a"), Error, "NoSuchBucket");
  await assertRejects(() => store.list("", { limit: 1 }), Error);
});

Deno.test("S3ObjectStore says that the store is full, and does not ask again", async () => {
  await using made = await makeStore();
  const { store, server } = made;
  const partsId = await store.startParts("b");
  server.quirks.storageFull = true;
  server.reset();
  await assertRejects(() => store.put("a", content(1)), StorageFullError);
  await assertRejects(() => store.putPart("b", partsId, 1, content(1)), StorageFullError);
  assertEquals(server.requests, { PutObject: 1, UploadPart: 1 });
});

Deno.test("S3ObjectStore completeParts() and delete() see an error in an answer of 200", async () => {
  await using made = await makeStore();
  const { store, server } = made;
  const partsId = await store.startParts("a");
  const parts = [await store.putPart("a", partsId, 1, content(9))];
  server.reset();
  server.quirks.errorIn200 = 2;
  await store.completeParts("a", partsId, parts);
  assertEquals(await read(store, "a"), content(9));
  server.quirks.errorIn200 = 1;
  await store.delete(["a", "b"]);
  assertEquals(await store.size("a"), undefined);
  assertEquals(server.requests.CompleteMultipartUpload, 3);
  assertEquals(server.requests.DeleteObjects, 2);
});

Deno.test("S3ObjectStore size() fails where the store answers HEAD without Content-Length", async () => {
  await using stub = await makeStub(() => new Response(new ReadableStream()));
  await assertRejects(
    () => stub.store.size("a"),
    Error,
    'Cannot find the size of "a": the store answers without Content-Length',
  );
});

Deno.test("S3ObjectStore delete() retries only the keys that were not deleted", async () => {
  const asked: string[][] = [];
  const answers = [
    "<Error><Key>b</Key><Code>SlowDown</Code></Error><Error><Key>c</Key><Code>NoSuchKey</Code></Error>",
    "<Error><Key>b</Key><Code>AccessDenied</Code></Error>",
  ];
  await using stub = await makeStub(async (request) => {
    asked.push([...(await request.text()).matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key = ""]) => key));
    return new Response(`<DeleteResult>${answers.shift()}</DeleteResult>`);
  });
  const error = await assertRejects(() => stub.store.delete(["a", "b", "c"]), Error);
  assert(error.message.includes("AccessDenied"), error.message);
  assertEquals(asked, [["a", "b", "c"], ["b"]]);
});

Deno.test("S3ObjectStore completeParts() looks at the object when its upload is not known", async () => {
  await using made = await makeStore();
  const { store, server } = made;
  server.quirks.noSuchUploadOnSecondComplete = true;
  const partsId = await store.startParts("a");
  const parts = [await store.putPart("a", partsId, 1, content(9))];
  await store.completeParts("a", partsId, parts);
  server.reset();
  await store.completeParts("a", partsId, parts);
  assertEquals(server.requests, { CompleteMultipartUpload: 1, HeadObject: 1 });
  const others = [{ number: 1, size: 8, etag: parts[0]?.etag ?? "" }];
  assertInstanceOf(await store.completeParts("a", partsId, others).catch((error) => error), Error);
});

Deno.test("S3ObjectStore refuses bytes that were not asked for", async () => {
  const answers: [ResponseInit, { first: number; last: number }?][] = [
    [{ status: 200, headers: { "content-length": "5" } }, { first: 1, last: 2 }],
    [{ status: 206, headers: { "content-range": "bytes 0-4/9" } }, { first: 1, last: 5 }],
    [{ status: 206, headers: { "content-range": "bytes 1-5/9" } }, { first: 1, last: 6 }],
    [{ status: 206, headers: { "content-range": "bytes 1-5/*" } }, { first: 1, last: 5 }],
    [{ status: 206, headers: { "content-range": "bytes 0-4/5" } }],
    [{ status: 302, headers: { location: "/elsewhere" } }],
  ];
  let answer: ResponseInit = {};
  await using stub = await makeStub(({ url }) =>
    new Response("12345", url.endsWith("/elsewhere") ? {} : answer)
  );
  for (const [init, range] of answers) {
    answer = init;
    await assertRejects(() => stub.store.get("a", range), Error, "", JSON.stringify(init));
  }
});

Deno.test("S3ObjectStore get() takes the whole for a range that is the whole, and bytes as they are", async () => {
  let encoding: string | null = "";
  await using stub = await makeStub((request) => {
    encoding = request.headers.get("accept-encoding");
    return new Response("12345");
  });
  const found = await stub.store.get("a", { first: 0, last: 4 });
  assertEquals(await new Response(found?.body).text(), "12345");
  assertEquals(found?.size, 5);
  assertEquals(encoding, "identity");
});

Deno.test("S3ObjectStore put() has the store verify the bytes", async () => {
  const hashes: (string | null)[] = [];
  await using stub = await makeStub(async (request) => {
    hashes.push(request.headers.get("x-amz-content-sha256"));
    await request.arrayBuffer();
    return new Response(null, { headers: { etag: "e" } });
  });
  await stub.store.put("a", new TextEncoder().encode("abc"));
  // FIPS 180-2, appendix B.1.
  assertEquals(hashes, ["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"]);
});

Deno.test("S3ObjectStore completeParts() tells of a part that has become another", async () => {
  await using stub = await makeStub(() => {
    return new Response("<Error><Code>InvalidPart</Code></Error>", {
      status: 400,
      headers: { "content-type": "application/xml" },
    });
  });
  const complete = () => stub.store.completeParts("a", "id", [{ number: 1, size: 5, etag: "e" }]);
  await assertRejects(complete, ContentMismatchError);
});

Deno.test("S3ObjectStore get() shows no signature when the store does not answer", async () => {
  const stub = await makeStub(() => new Response(), { deadline: 100 });
  await stub[Symbol.asyncDispose]();
  const error = await assertRejects(() => stub.store.get("a"), UnavailableError);
  const text = Deno.inspect(error, { depth: 9 });
  assert(text.includes(`${stub.url}/skerry/a`), text);
  assert(!text.includes("X-Amz-"), text);
});
