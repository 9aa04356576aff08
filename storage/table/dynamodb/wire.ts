/** Value of an attribute in DynamoDB's JSON: only the types that the driver uses. */
export interface AttributeValue {
  /** String. */
  S?: string;
  /** Number, as text. */
  N?: string;
  /** Binary value in base64. */
  B?: string;
}

/** An item as DynamoDB takes and gives it. */
export type Row = Record<string, AttributeValue>;

/** Keys of a BatchGetItem for each table. */
type RequestedKeys = Record<string, { Keys: Row[]; ConsistentRead?: boolean }>;

/** Writes of a BatchWriteItem for each table. */
type RequestedWrites = Record<string, { PutRequest: { Item: Row } }[]>;

/** Condition of a write. */
interface Conditional {
  ConditionExpression?: string;
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Row;
}

/** Page of a Query or Scan. */
interface PageRequest {
  TableName: string;
  ConsistentRead?: boolean;
  Limit: number;
  ExclusiveStartKey?: Row | undefined;
}

/** Condition of a PutItem and its item. */
export type PutInput = Conditional & { Item: Row };

/** Requests of the driver, https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html. */
export interface Requests {
  /** Reads one item. */
  GetItem: { TableName: string; Key: Row; ConsistentRead: boolean };
  /** Reads up to 100 items. */
  BatchGetItem: { RequestItems: RequestedKeys };
  /** Writes one item. */
  PutItem: PutInput & { TableName: string };
  /** Writes up to 25 items. */
  BatchWriteItem: { RequestItems: RequestedWrites };
  /** Deletes one item. */
  DeleteItem: Conditional & { TableName: string; Key: Row };
  /** Reads a page of a partition. */
  Query: PageRequest & {
    IndexName?: string;
    KeyConditionExpression: string;
    ProjectionExpression?: string;
    ExpressionAttributeValues: Row;
  };
  /** Reads a page of the table. */
  Scan: PageRequest & { Segment?: number; TotalSegments?: number };
}

/** Page of items. */
interface Page {
  Items?: Row[];
  LastEvaluatedKey?: Row;
}

/** Responses to {@linkcode Requests}. */
export interface Responses {
  /** Absent without an item. */
  GetItem: { Item?: Row };
  /** In any order, without the absent ones. */
  BatchGetItem: { Responses?: Record<string, Row[]>; UnprocessedKeys?: RequestedKeys };
  /** Nothing that the driver reads. */
  PutItem: unknown;
  /** Absent where everything was written. */
  BatchWriteItem: { UnprocessedItems?: RequestedWrites };
  /** Nothing that the driver reads. */
  DeleteItem: unknown;
  /** In the order of the sort keys. */
  Query: Page;
  /** Partition after partition. */
  Scan: Page;
}
