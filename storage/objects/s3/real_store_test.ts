/**
 * The contract against a store that people run. Names and keys are as AWS has them in the environment:
 *
 * ```sh
 * SKERRY_TEST_S3_ENDPOINT=http://127.0.0.1:7070 SKERRY_TEST_S3_BUCKET=skerry AWS_ACCESS_KEY_ID=... \
 *   deno test --allow-all storage/objects/s3/real_store_test.ts
 * ```
 *
 * `SKERRY_TEST_S3_FILES` is set for a store that keeps objects as files, as Versity's gateway does.
 *
 * @module
 */

import { objectStoreContract } from "../contract/mod.ts";
import { MIN_PART_BYTES } from "./options.ts";
import { S3ObjectStore } from "./s3_object_store.ts";

const endpoint = Deno.env.get("SKERRY_TEST_S3_ENDPOINT");

if (endpoint !== undefined) {
  objectStoreContract(`S3ObjectStore of ${endpoint}`, async () => {
    const store = await S3ObjectStore.open({
      endpoint,
      bucket: Deno.env.get("SKERRY_TEST_S3_BUCKET") ?? "skerry",
      region: Deno.env.get("AWS_REGION") ?? "us-east-1",
      pathStyle: true,
      prefix: `contract/${crypto.randomUUID()}/`,
      partSize: MIN_PART_BYTES,
      // Ceph answers 500 where an aborted upload is completed, which is asked again for as long as this.
      deadline: 5_000,
    });
    return {
      store,
      async [Symbol.asyncDispose]() {
        for (const { key, partsId } of await store.listParts("", 1000)) await store.abortParts(key, partsId);
        await store.delete(await store.list("", { limit: 1000 }));
      },
    };
  }, { verifiesContent: true, objectsAreFiles: Deno.env.has("SKERRY_TEST_S3_FILES") });
}
