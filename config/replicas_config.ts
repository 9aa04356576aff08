import * as z from "zod/mini";
import type { ReadReplica } from "./configuration.ts";
import { expected, jsonOf, ofKind } from "./schema_parts.ts";
import { endpoint, text } from "./setting_kinds.ts";

const name = z.exactOptional(ofKind(text));
const url = z.exactOptional(ofKind(endpoint));

const replica = z.strictObject({
  region: ofKind(text),
  bucket: name,
  table: name,
  s3Endpoint: url,
  dynamodbEndpoint: url,
  accessKeyId: name,
  secretAccessKey: name,
}, expected("a map with region, and bucket or table")).check(z.superRefine((replica, context) => {
  for (const [key, needs] of NEEDED) {
    if (replica[key] === undefined || replica[needs] !== undefined) continue;
    context.addIssue({ code: "custom", path: [key], message: `Requires "${needs}"` });
  }
  if (replica.bucket !== undefined || replica.table !== undefined) return;
  context.addIssue({ code: "custom", path: [], message: 'Requires "bucket" or "table"' });
}));

/** Keys, each with the key that it requires. */
const NEEDED = [
  ["s3Endpoint", "bucket"],
  ["dynamodbEndpoint", "table"],
  ["accessKeyId", "secretAccessKey"],
  ["secretAccessKey", "accessKeyId"],
] as const;

/** Schema of the replicas for reads. */
export const replicasSchema: z.ZodMiniType<ReadReplica[], unknown> = jsonOf(
  "replicas",
  z.array(replica, expected("a list of replicas")),
  [],
);
