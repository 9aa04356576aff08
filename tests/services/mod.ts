/**
 * Real stores and a load balancer, each as processes of its own on the loopback interface.
 *
 * ```ts ignore
 * await using s3 = await startVersityGw();
 * await using dynamo = await startDynamoDb();
 * ```
 *
 * Each is usable once it is there, and disposing of it ends its processes and removes its data.
 *
 * @module
 */

export { CREDENTIALS, CREDENTIALS_ENV, REGION } from "../harness/credentials.ts";
export { type Balancer, type BalancerName, type Edits, startBalancer } from "./balancers.ts";
export { startDynalite } from "./dynalite.ts";
export { type DynamoDb, type DynamoDbOptions, startDynamoDb } from "./dynamodb.ts";
export { type Balanced, type Haproxy, startHaproxy } from "./haproxy.ts";
export { type RadosGwOptions, startRadosGw } from "./radosgw.ts";
export type { ServiceProcess } from "./service_process.ts";
export { createBucket, createTable, dynamoDbClient, s3Client } from "./stores.ts";
export { startVarnish, type Varnish } from "./varnish.ts";
export { type S3Service, startVersityGw, type VersityGwOptions } from "./versitygw.ts";
