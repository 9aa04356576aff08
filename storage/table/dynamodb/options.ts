/** Settings of a `DynamoTable`. Times are in milliseconds. */
export interface DynamoOptions {
  /** The name of the table, or its ARN. */
  table: string;
  /** The region that it is in. */
  region: string;
  /** URL of the service. Default: AWS's address for the region. */
  endpoint?: string;
  /** Timeout of one attempt; 3 seconds by default. */
  attemptTimeout?: number;
  /** Time for all attempts of one call; 10 seconds by default. */
  deadline?: number;
}
