import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { compareUtf8, endOfPrefix } from "../../utf8_order.ts";
import { MAX_SORT_KEY_BYTES, type QueryOptions } from "../table.ts";
import type { KeyNames } from "./schema.ts";

/** Key condition of a query. */
export interface KeyRange {
  /** `KeyConditionExpression`. */
  expression: string;
  /** `ExpressionAttributeValues`. */
  values: Record<string, AttributeValue>;
  /** The one sort key that the expression lets through although it should not. */
  except?: string;
}

/** The range that `prefix` and `after` ask for in a partition; `undefined` where nothing can be in it. */
export function keyRange(
  names: KeyNames,
  pk: string,
  { prefix = "", after = "" }: QueryOptions,
): KeyRange | undefined {
  const partition = `${names.pk} = :pk`;
  if (compareUtf8(after, prefix) < 0 || after === "") {
    if (prefix === "") return { expression: partition, values: { ":pk": { S: pk } } };
    return {
      expression: `${partition} AND begins_with(${names.sk}, :prefix)`,
      values: { ":pk": { S: pk }, ":prefix": { S: prefix } },
    };
  }
  // Above the prefix and not with it: above everything that begins with it.
  if (!after.startsWith(prefix)) return undefined;
  const lower = clip(after);
  const end = endOfPrefix(prefix);
  if (end === undefined) {
    return {
      expression: `${partition} AND ${names.sk} > :after`,
      values: { ":pk": { S: pk }, ":after": { S: lower } },
    };
  }
  // DynamoDB allows one condition on the sort key, and BETWEEN includes both bounds. The least key above `after` is
  // `after` followed by NUL; the caller drops the upper bound from the answer.
  return {
    expression: `${partition} AND ${names.sk} BETWEEN :from AND :end`,
    values: { ":pk": { S: pk }, ":from": { S: `${lower}\0` }, ":end": { S: end } },
    except: end,
  };
}

/**
 * The beginning of a bound that clients choose, where it is longer than any key, which DynamoDB refuses; only a key almost as long as one can be
 * could lie between the two.
 */
function clip(bound: string): string {
  const { read } = new TextEncoder().encodeInto(bound, new Uint8Array(MAX_SORT_KEY_BYTES - 1));
  return bound.slice(0, read);
}
