import type { CreateTableCommandInput } from "@aws-sdk/client-dynamodb";

/** The secondary index, with the whole item: {@linkcode Item.index} is its key. */
export const INDEX_NAME = "item-index";

/** The attribute that tells DynamoDB's time to live when it may remove an item, in seconds since the epoch. */
export const TTL_ATTRIBUTE = "expiresAt";

/** The two attributes by which the items of a table or of an index are found. */
export interface KeyNames {
  /** The partition key. */
  pk: string;
  /** The sort key. */
  sk: string;
}

/** The key of the table. */
export const TABLE_KEY: KeyNames = { pk: "pk", sk: "sk" };

/** The key of the index; an item without it is not in the index. */
export const INDEX_KEY: KeyNames = { pk: "ipk", sk: "isk" };

/**
 * Definition of the table `name`, billed per request. A second call sets its time to live on {@linkcode TTL_ATTRIBUTE}.
 */
export function tableDefinition(name: string): CreateTableCommandInput {
  return {
    TableName: name,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [TABLE_KEY, INDEX_KEY].flatMap(({ pk, sk }) =>
      [pk, sk].map((AttributeName) => ({ AttributeName, AttributeType: "S" as const }))
    ),
    KeySchema: keySchema(TABLE_KEY),
    GlobalSecondaryIndexes: [
      { IndexName: INDEX_NAME, KeySchema: keySchema(INDEX_KEY), Projection: { ProjectionType: "ALL" } },
    ],
  };
}

function keySchema({ pk, sk }: KeyNames) {
  return [
    { AttributeName: pk, KeyType: "HASH" as const },
    { AttributeName: sk, KeyType: "RANGE" as const },
  ];
}
