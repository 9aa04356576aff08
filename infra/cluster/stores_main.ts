/**
 * Process of the cluster's stores: the light S3 server of the tests, and dynalite for DynamoDB. Both keep their content in
 * the folder that is the only argument. Prints their addresses as a line of JSON.
 *
 * @module
 */
import { ResourceInUseException } from "@aws-sdk/client-dynamodb";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import dynalite from "npm:dynalite@4.0.0";
import { startS3 } from "../../tests/s3/mod.ts";
import { createTable } from "../../tests/services/mod.ts";
import { endWithParent } from "./child.ts";

/** Name of the table. */
const TABLE = "skerry";

const [folder] = Deno.args;
endWithParent();
const s3 = await startS3({ folder: `${folder}/bucket` });
const dynamoDb = dynalite({ path: `${folder}/table`, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
// dynalite throws, uncaught, if a client goes in the middle of a request, as a killed replica does.
dynamoDb.on("request", (request: IncomingMessage) => {
  request.removeAllListeners("error");
  request.on("error", () => {});
});
await new Promise<void>((resolve) => dynamoDb.listen(0, "127.0.0.1", resolve));
const endpoint = `http://127.0.0.1:${(dynamoDb.address() as AddressInfo).port}`;
await createTable(endpoint, TABLE).catch((error) => {
  if (!(error instanceof ResourceInUseException)) throw error; // from the cluster before
});
console.log(JSON.stringify({ s3: s3.endpoint, bucket: s3.bucket, dynamoDb: endpoint, table: TABLE }));
