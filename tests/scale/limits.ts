/** Published limits of the services, and what a unit is. Amazon may raise them. */
export const LIMITS = {
  /** DynamoDB, one partition, per second: also of one item, and of a key whose items sort by time. */
  partitionReads: 3000,
  partitionWrites: 1000,
  /** DynamoDB, one table with on-demand capacity, per second: the default quota. */
  tableReads: 40_000,
  tableWrites: 40_000,
  /** S3, one prefix that it has partitioned, per second. */
  prefixReads: 5500,
  prefixWrites: 3500,
} as const;

/** Prefixes of objects: S3 can partition at each of them (`objectPrefix`). */
export const OBJECT_PREFIXES = 4096;

/** Partitions of the index that order uploads by expiry (`EXPIRY_SHARDS`). */
export const UPLOAD_SHARDS = 16;
