import { assertEquals } from "@std/assert";
import { bucketUrl, makeClient } from "./client.ts";

Deno.test("bucketUrl() is where AWS or another store keeps the bucket", async () => {
  const aws = { region: "eu-central-1" };
  const other = { ...aws, endpoint: "https://store.example:8443/s3/" };
  for (
    const [options, bucket, expected] of [
      [aws, "images", "https://images.s3.eu-central-1.amazonaws.com/"],
      [aws, "with.dots", "https://s3.eu-central-1.amazonaws.com/with.dots"],
      [{ ...aws, pathStyle: true }, "images", "https://s3.eu-central-1.amazonaws.com/images"],
      [{ region: "cn-north-1" }, "images", "https://images.s3.cn-north-1.amazonaws.com.cn/"],
      [other, "images", "https://images.store.example:8443/s3"],
      [{ ...other, pathStyle: true }, "images", "https://store.example:8443/s3/images"],
      [{ ...aws, endpoint: "http://127.0.0.1:9000" }, "images", "http://127.0.0.1:9000/images"],
    ] as const
  ) {
    const client = makeClient(options);
    assertEquals((await bucketUrl(client, bucket)).href, expected);
    client.destroy();
  }
});
