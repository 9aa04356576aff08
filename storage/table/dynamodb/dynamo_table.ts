import { credentialsFor, type CredentialSource } from "../../aws/mod.ts";
import { RefusedPlaceError, UnavailableError } from "../../errors.ts";
import { retrying } from "../../retry.ts";
import type {
  Condition,
  Item,
  Key,
  NewItem,
  QueryOptions,
  ReadOptions,
  ScanOptions,
  ScanPage,
  Table,
} from "../table.ts";
import type { Fence } from "../../fence.ts";
import { randomVersion } from "../version.ts";
import { forEachChunk } from "./batches.ts";
import { isFailedCondition, isRefusal, isTransient, UnprocessedError } from "./errors.ts";
import { DynamoClient } from "./client.ts";
import { keyId, keyOf, toItem, toKey, toRow } from "./items.ts";
import { keyRange } from "./key_range.ts";
import type { DynamoOptions } from "./options.ts";
import { INDEX_KEY, INDEX_NAME, type KeyNames, TABLE_KEY } from "./schema.ts";
import type { PutInput, Requests, Responses, Row } from "./wire.ts";

/** Limits of the attempts. */
interface Times {
  /** By `performance.now()`. */
  end?: number;
  /** Fence of a write. */
  fence?: Fence | undefined;
}

/** Maximum keys of a BatchGetItem, and batches in flight. */
const READS = { size: 100, parallel: 4 };

/** Maximum items of a BatchWriteItem, and batches in flight. Even our largest items stay far below its 16 MB. */
const WRITES = { size: 25, parallel: 4 };

/**
 * Table in DynamoDB as {@linkcode tableDefinition} defines it. Reads are eventually consistent, at half the price,
 * unless the caller requests otherwise.
 */
export class DynamoTable implements Table, AsyncDisposable {
  readonly #client: DynamoClient;
  readonly #name: string;
  readonly #attemptTimeout: number;
  readonly #deadline: number;

  private constructor(client: DynamoClient, options: DynamoOptions) {
    this.#client = client;
    this.#name = options.table;
    this.#attemptTimeout = options.attemptTimeout ?? 3_000;
    this.#deadline = options.deadline ?? 10_000;
  }

  /** Opens an existing table. Sends no request. The default credentials are those that the AWS SDK would find. */
  static async open(
    options: DynamoOptions,
    credentials: CredentialSource = credentialsFor(options.region),
  ): Promise<DynamoTable> {
    return new DynamoTable(await DynamoClient.open(options, credentials), options);
  }

  async get(key: Key, { consistent = false }: ReadOptions = {}): Promise<Item | undefined> {
    const request = { TableName: this.#name, Key: toKey(key), ConsistentRead: consistent };
    const { Item } = await this.#read("read the item", "GetItem", request);
    return Item && toItem(Item);
  }

  async getMany(keys: Key[], options: ReadOptions = {}): Promise<(Item | undefined)[]> {
    const [first] = keys;
    if (first && keys.length === 1) return [await this.get(first, options)];
    // A key that comes twice in a batch is an error.
    const distinct = new Map(keys.map((key) => [keyId(key), key]));
    const end = performance.now() + this.#deadline;
    const rows = new Map<string, Row>();
    await forEachChunk([...distinct.values()], READS, async (chunk) => {
      for (const row of await this.#readBatch(chunk, options, end)) rows.set(keyId(keyOf(row)), row);
    });
    return keys.map((key) => {
      const row = rows.get(keyId(key));
      return row && toItem(row);
    });
  }

  async #readBatch(keys: Key[], { consistent = false }: ReadOptions, end: number): Promise<Row[]> {
    const rows: Row[] = [];
    let left: Row[] = keys.map(toKey);
    await this.#retrying("read the items", async (signal) => {
      const RequestItems = { [this.#name]: { Keys: left, ConsistentRead: consistent } };
      const answer = await this.#client.send("BatchGetItem", { RequestItems }, signal);
      rows.push(...Object.values(answer.Responses ?? {}).flat());
      left = Object.values(answer.UnprocessedKeys ?? {}).flatMap(({ Keys }) => Keys ?? []);
      if (left.length > 0) throw new UnprocessedError(left.length);
    }, { end });
    return rows;
  }

  async put(item: NewItem, condition: Condition, fence?: Fence): Promise<string | undefined> {
    const version = randomVersion();
    // A request that took effect although its answer was lost, or that a proxy repeated, finds its own version. Writing
    // once more changes nothing and succeeds: no other process has that version.
    const [expression, values] = "ifAbsent" in condition
      ? ["attribute_not_exists(pk) OR #version = :own", {}]
      : ["#version IN (:own, :before)", { ":before": { S: condition.ifVersion } }];
    const written = await this.#put({
      Item: toRow(item, version),
      ConditionExpression: expression,
      ExpressionAttributeNames: { "#version": "version" },
      ExpressionAttributeValues: { ":own": { S: version }, ...values },
    }, fence);
    return written ? version : undefined;
  }

  async putMany(items: NewItem[], fence?: Fence): Promise<void> {
    // A key that comes twice in a batch is an error; the last one is what would be there after both.
    const rows = [...new Map(items.map((item) => [keyId(item), toRow(item, randomVersion())])).values()];
    const [only] = rows;
    if (only && rows.length === 1) {
      await this.#put({ Item: only }, fence);
      return;
    }
    const end = performance.now() + this.#deadline;
    await forEachChunk(rows, WRITES, (chunk) => this.#writeBatch(chunk, { end, fence }));
  }

  async #writeBatch(rows: Row[], times: Times): Promise<void> {
    let left = rows.map((Item) => ({ PutRequest: { Item } }));
    await this.#retrying("write the items", async (signal) => {
      const RequestItems = { [this.#name]: left };
      const { UnprocessedItems = {} } = await this.#client.send("BatchWriteItem", { RequestItems }, signal);
      left = Object.values(UnprocessedItems).flat();
      if (left.length > 0) throw new UnprocessedError(left.length);
    }, times);
  }

  async delete(key: Key, { ifVersion }: { ifVersion: string }, fence?: Fence): Promise<boolean> {
    // An attempt whose answer was lost may have taken effect: the next attempt treats a missing item as its own delete.
    // If another process deleted that version meanwhile, both wanted the same result. If the next attempt finds another
    // version, another process has written since, and the caller must read again in any case.
    let maybeDone = false;
    return await this.#conditionally("delete the item", async (signal) => {
      const request = {
        TableName: this.#name,
        Key: toKey(key),
        ConditionExpression: `${maybeDone ? "attribute_not_exists(pk) OR " : ""}#version = :before`,
        ExpressionAttributeNames: { "#version": "version" },
        ExpressionAttributeValues: { ":before": { S: ifVersion } },
      };
      try {
        await this.#client.send("DeleteItem", request, signal);
      } catch (error) {
        maybeDone ||= !isRefusal(error);
        throw error;
      }
    }, fence);
  }

  async query(pk: string, options: QueryOptions & ReadOptions): Promise<Item[]> {
    const input = { ConsistentRead: options.consistent ?? false };
    return (await this.#slice(TABLE_KEY, pk, options, input)).map(toItem);
  }

  async queryKeys(pk: string, options: QueryOptions & ReadOptions): Promise<string[]> {
    const input = { ConsistentRead: options.consistent ?? false, ProjectionExpression: "pk, sk" };
    return (await this.#slice(TABLE_KEY, pk, options, input)).map((row) => keyOf(row).sk);
  }

  async queryIndex(pk: string, options: QueryOptions): Promise<Item[]> {
    return (await this.#slice(INDEX_KEY, pk, options, { IndexName: INDEX_NAME })).map(toItem);
  }

  /** A page has 1 MB at most. */
  async scan({ after, limit, consistent = false, segment }: ScanOptions): Promise<ScanPage> {
    const request = {
      TableName: this.#name,
      ConsistentRead: consistent,
      Limit: limit,
      ExclusiveStartKey: after && toKey(after),
      ...(segment && { Segment: segment.number, TotalSegments: segment.of }),
    };
    const { Items = [], LastEvaluatedKey } = await this.#read("read the items", "Scan", request)
      .catch((error) => {
        // Nothing else in the request can be invalid.
        if (after && Object(error).name === "ValidationException") throw new RefusedPlaceError(error);
        throw error;
      });
    return { items: Items.map(toItem), ...(LastEvaluatedKey && { next: keyOf(LastEvaluatedKey) }) };
  }

  /** Closes the connections. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#client[Symbol.dispose]();
    return Promise.resolve();
  }

  /** Rows in pages of at most 1 MB, until `limit` items or the end. */
  async #slice(
    names: KeyNames,
    pk: string,
    options: QueryOptions,
    input: Pick<Requests["Query"], "ConsistentRead" | "IndexName" | "ProjectionExpression">,
  ): Promise<Row[]> {
    const rows: Row[] = [];
    const range = keyRange(names, pk, options);
    let start: Row | undefined;
    while (range && rows.length < options.limit) {
      const page: Responses["Query"] = await this.#read("read the items", "Query", {
        TableName: this.#name,
        ...input,
        KeyConditionExpression: range.expression,
        ExpressionAttributeValues: range.values,
        Limit: options.limit - rows.length,
        ExclusiveStartKey: start,
      });
      rows.push(...page.Items?.filter((row) => row[names.sk]?.S !== range.except) ?? []);
      start = page.LastEvaluatedKey;
      if (start === undefined) break;
    }
    return rows;
  }

  /** Sends a conditional write. Returns false if its condition failed. */
  #put(input: PutInput, fence: Fence | undefined): Promise<boolean> {
    const request = { TableName: this.#name, ...input };
    return this.#conditionally(
      "write the item",
      (signal) => this.#client.send("PutItem", request, signal),
      fence,
    );
  }

  /** Sends a request that needs no more than a retry. */
  #read<Operation extends "GetItem" | "Query" | "Scan">(
    what: string,
    operation: Operation,
    request: Requests[Operation],
  ): Promise<Responses[Operation]> {
    return this.#retrying(what, (signal) => this.#client.send(operation, request, signal));
  }

  async #conditionally(
    what: string,
    call: (signal: AbortSignal) => Promise<unknown>,
    fence: Fence | undefined,
  ): Promise<boolean> {
    try {
      await this.#retrying(what, call, { fence });
      return true;
    } catch (error) {
      if (isFailedCondition(error)) return false;
      throw error;
    }
  }

  /** Repeats a call until it succeeds or its time is up. */
  #retrying<T>(
    what: string,
    call: (signal: AbortSignal) => Promise<T>,
    { end = performance.now() + this.#deadline, fence }: Times = {},
  ): Promise<T> {
    const deadline = end - performance.now();
    // The last of many batches may have no time left.
    if (deadline <= 0) {
      throw new UnavailableError(what, new DOMException("The deadline has passed", "TimeoutError"));
    }
    return retrying(call, {
      store: "table",
      what,
      isTransient,
      attemptTimeout: this.#attemptTimeout,
      deadline,
      fence,
    });
  }
}
