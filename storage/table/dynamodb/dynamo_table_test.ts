import { assert, assertEquals, assertRejects } from "@std/assert";
import { tableContract } from "../contract/mod.ts";
import { MAX_ITEM_BYTES } from "./items.ts";
import { startInterceptor } from "./testing/interceptor.ts";
import { useDynamoDb } from "./testing/table_under_test.ts";

const dynamoDb = useDynamoDb();

function item(sk: string, more: { bytes?: Uint8Array<ArrayBuffer> } = {}) {
  return { pk: "p", sk, attributes: {}, ...more };
}

function items(count: number, more?: { bytes: Uint8Array<ArrayBuffer> }) {
  return Array.from({ length: count }, (_, n) => item(`s${String(n).padStart(4, "0")}`, more));
}

tableContract("DynamoTable", async () => {
  const table = await dynamoDb.open();
  return { table, [Symbol.asyncDispose]: () => table[Symbol.asyncDispose]() };
});

Deno.test("DynamoTable sends one request if one is enough", async () => {
  await using between = await startInterceptor(dynamoDb.endpoint());
  await using table = await dynamoDb.open({ endpoint: between.endpoint });
  const version = await table.put(item("s0000"), { ifAbsent: true });
  assert(version);
  await table.get(item("s0000"));
  await table.getMany([item("s0000")]);
  await table.putMany([item("s0000")]);
  await table.putMany(items(20));
  await table.getMany(items(5), { consistent: true });
  await table.query("p", { limit: 20 });
  await table.queryIndex("i", { limit: 20 });
  await table.delete(item("s0000"), { ifVersion: "another" });
  assertEquals(between.counts, {
    PutItem: 2,
    GetItem: 2,
    BatchWriteItem: 1,
    BatchGetItem: 1,
    Query: 2,
    DeleteItem: 1,
  });
});

Deno.test("DynamoTable makes no request for nothing", async () => {
  await using between = await startInterceptor(dynamoDb.endpoint());
  await using table = await dynamoDb.open({ endpoint: between.endpoint });
  assertEquals(await table.getMany([]), []);
  await table.putMany([]);
  assertEquals(await table.query("p", { limit: 0 }), []);
  assertEquals(await table.query("p", { prefix: "a", after: "b", limit: 9 }), []);
  assertEquals(between.counts, {});
});

Deno.test("DynamoTable reads consistently when it is asked to, and only then", async () => {
  const asked: [string, unknown][] = [];
  await using between = await startInterceptor(dynamoDb.endpoint(), ({ operation, input, forward }) => {
    const { ConsistentRead } = operation === "BatchGetItem"
      ? (Object.values(input.RequestItems)[0] as { ConsistentRead: unknown })
      : input;
    asked.push([operation, ConsistentRead]);
    return forward();
  });
  await using table = await dynamoDb.open({ endpoint: between.endpoint });
  for (const options of [{}, { consistent: true }]) {
    await table.get(item("a"), options);
    await table.getMany([item("a"), item("b")], options);
    await table.query("p", { limit: 1, ...options });
  }
  await table.queryIndex("i", { limit: 1 });
  assertEquals(asked, [
    ["GetItem", false],
    ["BatchGetItem", false],
    ["Query", false],
    ["GetItem", true],
    ["BatchGetItem", true],
    ["Query", true],
    ["Query", undefined],
  ]);
});

Deno.test("DynamoTable getMany() and putMany() make as few batches as DynamoDB allows", async () => {
  await using between = await startInterceptor(dynamoDb.endpoint());
  await using table = await dynamoDb.open({ endpoint: between.endpoint });
  await table.putMany(items(130));
  const read = await table.getMany([...items(130), item("none")], { consistent: true });
  assertEquals(read.map((stored) => stored?.sk), [...items(130).map(({ sk }) => sk), undefined]);
  assertEquals(between.counts, { BatchWriteItem: 6, BatchGetItem: 2 });
});

Deno.test("DynamoTable getMany() answers each place of a repeated key with an item of its own", async () => {
  await using table = await dynamoDb.open();
  await table.putMany([item("s", { bytes: new Uint8Array([1]) })]);
  const [a, b] = await table.getMany([item("s"), item("s")], { consistent: true });
  a?.bytes?.fill(9);
  assertEquals(b?.bytes, new Uint8Array([1]));
});

Deno.test("DynamoTable putMany() keeps the last of those under one key", async () => {
  await using table = await dynamoDb.open();
  const versions = [1, 2, 3].map((n) => ({ ...item("s"), attributes: { n } }));
  await table.putMany([...versions, item("t")]);
  assertEquals((await table.get(item("s"), { consistent: true }))?.attributes, { n: 3 });
  assert(await table.get(item("t"), { consistent: true }));
});

Deno.test("DynamoTable query() joins the pages of DynamoDB", async () => {
  await using between = await startInterceptor(dynamoDb.endpoint());
  await using table = await dynamoDb.open({ endpoint: between.endpoint });
  const large = items(12, { bytes: new Uint8Array(300_000) });
  await table.putMany(large);
  for (const limit of [9, 100]) {
    const found = await table.query("p", { limit, consistent: true });
    assertEquals(found.map(({ sk }) => sk), large.slice(0, limit).map(({ sk }) => sk));
  }
  assert((between.counts.Query ?? 0) > 4, "a page is 1 MB");
});

Deno.test("DynamoTable put() takes the largest item, and refuses a larger one without asking", async () => {
  await using between = await startInterceptor(dynamoDb.endpoint());
  await using table = await dynamoDb.open({ endpoint: between.endpoint });
  const [fits, tooLarge] = [MAX_ITEM_BYTES - 200, MAX_ITEM_BYTES].map((length) =>
    item("s", { bytes: new Uint8Array(length) })
  );
  assert(fits && tooLarge);
  assert(await table.put(fits, { ifAbsent: true }));
  await assertRejects(
    () => table.put(tooLarge, { ifAbsent: true }),
    RangeError,
    'Cannot store the item "p", "s"',
  );
  await assertRejects(() => table.putMany([item("a"), tooLarge]), RangeError);
  assertEquals(between.counts, { PutItem: 1 });
});

Deno.test("DynamoTable query() continues after a text that is longer than any key", async () => {
  await using table = await dynamoDb.open();
  await table.putMany([item("tag#a"), item("tag#z"), item("u")]);
  const found = await table.query("p", { prefix: "tag#", after: `tag#${"é".repeat(2000)}`, limit: 9 });
  assertEquals(found, []);
  const after = await table.query("p", { prefix: "tag#", after: `tag#b${"x".repeat(2000)}`, limit: 9 });
  assertEquals(after.map(({ sk }) => sk), ["tag#z"]);
});
