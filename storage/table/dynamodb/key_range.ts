import { compareUtf8, endOfPrefix } from "../../utf8_order.ts";
import { MAX_SORT_KEY_BYTES, type QueryOptions } from "../table.ts";
import type { KeyNames } from "./schema.ts";
import type { Row } from "./wire.ts";

/** Key condition of a query. */
export interface KeyRange {
  /** `KeyConditionExpression`. */
  expression: string;
  /** `ExpressionAttributeValues`. */
  values: Row;
  /** Sort key that the expression matches and the caller must drop. */
  except?: string;
}

/** Range of `prefix` and `after` in a partition; `undefined` if it is empty. */
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
 * Cuts a bound that is longer than any key, because DynamoDB rejects it. Clients choose such bounds. Only a key of
 * nearly maximum length could lie between both bounds.
 */
function clip(bound: string): string {
  const { read } = new TextEncoder().encodeInto(bound, new Uint8Array(MAX_SORT_KEY_BYTES - 1));
  return bound.slice(0, read);
}
