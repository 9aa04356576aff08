/** Capacity that requests to a table consume, as DynamoDB bills it. */
import type { Intercepted } from "../../storage/table/dynamodb/testing/interceptor.ts";

/** An item as the requests have it. */
type SentItem = Record<string, { S?: string }>;

/** A write of one item: the item, or the key of an item that is deleted. */
interface Write {
  key: SentItem;
  item?: SentItem;
}

/** Counts the units of the table by what it reports, and those of the index, which dynalite does not report. */
export class CapacityMeter {
  #readUnits = 0;
  #writeUnits = 0;
  /** The key in the index of each item. */
  readonly #indexKeys = new Map<string, string>();

  /** Forwards a request, and counts its units. */
  async forward({ operation, input, forward }: Intercepted): Promise<Response> {
    const response = await forward({ ...input, ReturnConsumedCapacity: "TOTAL" });
    const { ConsumedCapacity } = await response.clone().json();
    for (const { CapacityUnits } of [ConsumedCapacity ?? []].flat()) {
      if (/Put|Write|Delete/.test(operation)) this.#writeUnits += CapacityUnits;
      else this.#readUnits += CapacityUnits;
    }
    if (response.ok) { for (const write of writesOf(operation, input)) this.#countIndex(write); }
    return response;
  }

  /** The units since the last call. */
  take(): { readUnits: number; writeUnits: number } {
    const taken = { readUnits: this.#readUnits, writeUnits: this.#writeUnits };
    [this.#readUnits, this.#writeUnits] = [0, 0];
    return taken;
  }

  /** A change of an item's key in the index is a delete and a put there; the items with such a key have at most 1 KB. */
  #countIndex({ key, item }: Write): void {
    const name = `${key.pk?.S} ${key.sk?.S}`;
    const before = this.#indexKeys.get(name);
    const after = item?.ipk === undefined ? undefined : `${item.ipk.S} ${item.isk?.S}`;
    if (before !== undefined && before !== after) this.#writeUnits++;
    if (after !== undefined) this.#writeUnits++;
    if (after === undefined) this.#indexKeys.delete(name);
    else this.#indexKeys.set(name, after);
  }
}

// deno-lint-ignore no-explicit-any -- the input of any operation
function writesOf(operation: string, input: any): Write[] {
  if (operation === "PutItem") return [{ key: input.Item, item: input.Item }];
  if (operation === "DeleteItem") return [{ key: input.Key }];
  if (operation !== "BatchWriteItem") return [];
  const requests = Object.values(input.RequestItems).flat() as {
    PutRequest?: { Item: SentItem };
    DeleteRequest?: { Key: SentItem };
  }[];
  return requests.map(({ PutRequest, DeleteRequest }) =>
    PutRequest ? { key: PutRequest.Item, item: PutRequest.Item } : { key: DeleteRequest!.Key }
  );
}
