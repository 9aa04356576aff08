import { assert, assertEquals, assertRejects } from "@std/assert";
import { RefusedPlaceError, UnavailableError } from "../../errors.ts";
import { Fence } from "../../fence.ts";
import type { DynamoTable } from "./dynamo_table.ts";
import type { DynamoOptions } from "./options.ts";
import { type Intercept, refusal, startInterceptor } from "./testing/interceptor.ts";
import { useDynamoDb } from "./testing/table_under_test.ts";

const dynamoDb = useDynamoDb();

const KEY = { pk: "p", sk: "s" };
const ITEM = { ...KEY, attributes: { by: "us" } };

function items(count: number) {
  return Array.from({ length: count }, (_, n) => ({ pk: "p", sk: `s${n}`, attributes: { n } }));
}

/** A table whose requests of that operation go wrong the way `fault` says; `direct` is the same one without. */
async function openFaulty(
  operation: string,
  fault: Intercept,
  options: Partial<DynamoOptions> = {},
) {
  await using stack = new AsyncDisposableStack();
  const between = stack.use(
    await startInterceptor(
      dynamoDb.endpoint(),
      (request) => request.operation === operation ? fault(request) : request.forward(),
    ),
  );
  const name = await dynamoDb.create();
  const direct = stack.use(await dynamoDb.open({ table: name }));
  const table = stack.use(await dynamoDb.open({ table: name, endpoint: between.endpoint, ...options }));
  const moved = stack.move();
  return { table, direct, counts: between.counts, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

/** The ways in which an answer is lost after the work was done. */
const LOSSES: [string, () => Response | undefined][] = [
  ["cut off", () => undefined],
  ["replaced by an error", () => refusal("InternalServerError", 500)],
  ["replaced by a gateway's", () => new Response("<h1>Bad Gateway</h1>", { status: 502 })],
];

for (const [how, lose] of LOSSES) {
  Deno.test(`DynamoTable put() knows its own write when the answer is ${how}`, async () => {
    await using faulty = await openFaulty("PutItem", async ({ nth, forward }) => {
      const answer = await forward();
      return nth % 2 === 1 ? lose() : answer;
    });
    const first = await faulty.table.put(ITEM, { ifAbsent: true });
    assert(first);
    assertEquals((await faulty.direct.get(KEY, { consistent: true }))?.version, first);
    const second = await faulty.table.put(ITEM, { ifVersion: first });
    assert(second);
    assertEquals((await faulty.direct.get(KEY, { consistent: true }))?.version, second);
    assertEquals(faulty.counts, { PutItem: 4 });
  });
}

Deno.test("DynamoTable put() knows its own write when something on the way repeats the request", async () => {
  await using faulty = await openFaulty("PutItem", async ({ forward }) => {
    await forward();
    return await forward();
  });
  const version = await faulty.table.put(ITEM, { ifAbsent: true });
  assert(version);
  assert(await faulty.table.put(ITEM, { ifVersion: version }));
});

Deno.test("DynamoTable put() does not take another's write for its own when it is repeated", async () => {
  await using faulty = await openFaulty("PutItem", async ({ nth, forward }) => {
    if (nth === 1) {
      await faulty.direct.put({ ...KEY, attributes: { by: "them" } }, { ifAbsent: true });
      return refusal("InternalServerError", 500);
    }
    return await forward();
  });
  assertEquals(await faulty.table.put(ITEM, { ifAbsent: true }), undefined);
  assertEquals((await faulty.direct.get(KEY, { consistent: true }))?.attributes, { by: "them" });
});

Deno.test("DynamoTable delete() knows that it is done when the answer is lost", async () => {
  await using faulty = await openFaulty("DeleteItem", async ({ nth, forward }) => {
    const answer = await forward();
    return nth === 1 ? undefined : answer;
  });
  const ifVersion = await faulty.direct.put(ITEM, { ifAbsent: true });
  assert(ifVersion);
  assertEquals(await faulty.table.delete(KEY, { ifVersion }), true);
  assertEquals(await faulty.direct.get(KEY, { consistent: true }), undefined);
  assertEquals(await faulty.table.delete(KEY, { ifVersion }), false);
});

Deno.test("DynamoTable delete() keeps an item that was written after it when it is repeated", async () => {
  await using faulty = await openFaulty("DeleteItem", async ({ nth, forward }) => {
    const answer = await forward();
    if (nth > 1) return answer;
    await faulty.direct.put(ITEM, { ifAbsent: true });
    return undefined;
  });
  const ifVersion = await faulty.direct.put(ITEM, { ifAbsent: true });
  assert(ifVersion);
  assertEquals(await faulty.table.delete(KEY, { ifVersion }), false);
  assert(await faulty.direct.get(KEY, { consistent: true }));
});

Deno.test("DynamoTable delete() claims nothing when its first attempt was refused and another deletes", async () => {
  await using faulty = await openFaulty("DeleteItem", async ({ nth, forward }) => {
    if (nth > 1) return await forward();
    await faulty.direct.delete(KEY, { ifVersion });
    return refusal("ThrottlingException");
  });
  const ifVersion = await faulty.direct.put(ITEM, { ifAbsent: true }) ?? "";
  assertEquals(await faulty.table.delete(KEY, { ifVersion }), false);
});

for (
  const name of [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "TransactionConflictException",
    "ReplicatedWriteConflictException",
  ]
) {
  Deno.test(`DynamoTable tries again after ${name}`, async () => {
    await using faulty = await openFaulty(
      "PutItem",
      ({ nth, forward }) => nth <= 2 ? Promise.resolve(refusal(name)) : forward(),
    );
    assert(await faulty.table.put(ITEM, { ifAbsent: true }));
    assertEquals(faulty.counts, { PutItem: 3 });
  });
}

Deno.test("DynamoTable gives up at once when another attempt would not help", async () => {
  await using faulty = await openFaulty("GetItem", () => Promise.resolve(refusal("AccessDeniedException")));
  const error = await assertRejects(() => faulty.table.get(KEY), Error);
  assertEquals(error.name, "AccessDeniedException");
  assertEquals(faulty.counts, { GetItem: 1 });
});

Deno.test("DynamoTable signs again by the store's clock when its own is wrong", async () => {
  const years: string[] = [];
  await using faulty = await openFaulty("GetItem", async ({ nth, signedAt, forward }) => {
    years.push(signedAt.slice(0, 4));
    if (nth > 1) return await forward();
    const answer = refusal("InvalidSignatureException");
    answer.headers.set("date", "Wed, 01 Jul 2099 12:00:00 GMT");
    return answer;
  });
  assertEquals(await faulty.table.get(KEY), undefined);
  assertEquals([years.length, years[1]], [2, "2099"]);
});

Deno.test("DynamoTable says that the store is unavailable when the deadline has come", async () => {
  const broken = () => Promise.resolve(refusal("InternalServerError", 500));
  await using faulty = await openFaulty("GetItem", broken, { deadline: 200 });
  await assertRejects(() => faulty.table.get(KEY), UnavailableError, "Cannot read the item");
});

Deno.test("DynamoTable keeps its deadline in a process that has run for long", async () => {
  const broken = () => Promise.resolve(refusal("InternalServerError", 500));
  await using faulty = await openFaulty("GetItem", broken, { deadline: 200 });
  const late = performance.now.bind(performance);
  performance.now = () => late() + 3_600_000;
  const hang = Promise.withResolvers<never>();
  const timer = setTimeout(() => hang.reject(new Error("It still tries")), 20_000);
  try {
    await assertRejects(() => Promise.race([faulty.table.get(KEY), hang.promise]), UnavailableError);
  } finally {
    performance.now = late;
    clearTimeout(timer);
  }
});

Deno.test("DynamoTable reports that the store is unavailable if the connection is refused", async () => {
  const between = await startInterceptor(dynamoDb.endpoint());
  await between[Symbol.asyncDispose]();
  const { endpoint } = between;
  await using table = await dynamoDb.open({ endpoint, deadline: 100 });
  await assertRejects(() => table.get(KEY), UnavailableError);
});

Deno.test("DynamoTable ends an attempt that takes too long and makes another", async () => {
  const left = Promise.withResolvers<void>();
  await using faulty = await openFaulty("GetItem", async ({ nth, gone, forward }) => {
    if (nth > 1) return await forward();
    await gone;
    left.resolve();
    return new Response();
  }, { attemptTimeout: 200 });
  await faulty.direct.put(ITEM, { ifAbsent: true });
  assert(await faulty.table.get(KEY, { consistent: true }));
  await left.promise;
  assertEquals(faulty.counts, { GetItem: 2 });
});

Deno.test("DynamoTable getMany() asks again for the keys that DynamoDB leaves", async () => {
  await using faulty = await openFaulty("BatchGetItem", async ({ nth, input, forward }) => {
    if (nth > 3) return await forward();
    const [[name, { Keys, ConsistentRead }]] = Object.entries(input.RequestItems) as [
      [string, { Keys: unknown[]; ConsistentRead: boolean }],
    ];
    const half = Keys.length >> 1;
    const some = await forward({ RequestItems: { [name]: { Keys: Keys.slice(0, half), ConsistentRead } } });
    const rest = { [name]: { Keys: Keys.slice(half), ConsistentRead } };
    return Response.json({ ...await some.json(), UnprocessedKeys: rest });
  });
  const written = items(40);
  await faulty.direct.putMany(written);
  const read = await faulty.table.getMany(written, { consistent: true });
  assertEquals(read.map((stored) => stored?.attributes), written.map(({ attributes }) => attributes));
  assertEquals(faulty.counts, { BatchGetItem: 4 });
});

Deno.test("DynamoTable putMany() retries items that DynamoDB left out", async () => {
  await using faulty = await openFaulty("BatchWriteItem", async ({ nth, input, forward }) => {
    if (nth > 3) return await forward();
    const [[name, requests]] = Object.entries(input.RequestItems) as [[string, unknown[]]];
    const half = requests.length >> 1;
    await forward({ RequestItems: { [name]: requests.slice(0, half) } });
    return Response.json({ UnprocessedItems: { [name]: requests.slice(half) } });
  });
  const written = items(20).map((item) => ({ ...item, bytes: new Uint8Array([1, 2, 3]) }));
  await faulty.table.putMany(written);
  const read = await faulty.direct.getMany(written, { consistent: true });
  assertEquals(
    read.map((stored) => stored && [stored.attributes, stored.bytes]),
    written.map((item) => [item.attributes, item.bytes]),
  );
  assertEquals(faulty.counts, { BatchWriteItem: 4 });
});

for (
  const [operation, write] of [
    ["PutItem", (table, fence) => table.put(ITEM, { ifAbsent: true }, fence)],
    ["DeleteItem", (table, fence) => table.delete(KEY, { ifVersion: "v" }, fence)],
    ["BatchWriteItem", (table, fence) => table.putMany(items(2), fence)],
  ] as [string, (table: DynamoTable, fence: Fence) => Promise<unknown>][]
) {
  Deno.test(`DynamoTable sends no other ${operation} when the fence has passed`, async () => {
    let now = 0;
    await using faulty = await openFaulty(operation, () => {
      now = 1000;
      return Promise.resolve(refusal("InternalServerError", 500));
    });
    await assertRejects(() => write(faulty.table, new Fence(() => now, 1000)), UnavailableError);
    assertEquals(faulty.counts, { [operation]: 1 });
  });
}

Deno.test("DynamoTable scan() tells that the place to go on behind is refused, and no other refusal", async () => {
  await using faulty = await openFaulty("Scan", () => Promise.resolve(refusal("ValidationException")));
  const scan = { limit: 1, segment: { number: 0, of: 2, cuts: [] } };
  await assertRejects(() => faulty.table.scan({ ...scan, after: KEY }), RefusedPlaceError);
  const other = await assertRejects(() => faulty.table.scan(scan), Error);
  assert(!(other instanceof RefusedPlaceError));
});
