import { startS3 } from "../../../tests/s3/mod.ts";
import { objectStoreContract } from "../contract/mod.ts";
import { MIN_PART_SIZE } from "./options.ts";
import { S3ObjectStore } from "./s3_object_store.ts";

// What the light server takes.
Deno.env.set("AWS_ACCESS_KEY_ID", "skerry-test");
Deno.env.set("AWS_SECRET_ACCESS_KEY", "skerry-test-secret");

objectStoreContract("S3ObjectStore", async () => {
  const server = await startS3();
  const { endpoint, bucket, region } = server;
  const store = await S3ObjectStore.open({
    bucket,
    region,
    endpoint,
    pathStyle: true,
    prefix: "some/folder/",
    partSize: MIN_PART_SIZE,
  });
  return { store, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
});
