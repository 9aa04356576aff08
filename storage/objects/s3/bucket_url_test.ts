import { assertEquals } from "@std/assert";
import { plainBucketUrl } from "./bucket_url.ts";
import { bucketUrl, makeClient } from "./client.ts";

const HOME = await Deno.makeTempDir({ prefix: "skerry-" });
globalThis.addEventListener("unload", () => Deno.removeSync(HOME, { recursive: true }));

function environment(variables: Record<string, string> = {}) {
  const all: Record<string, string> = { HOME, ...variables };
  return (name: string) => all[name];
}

Deno.test("plainBucketUrl() is the URL that the AWS SDK would make, or leaves it to the SDK", async () => {
  const bucketNames = ["images", "with.dots", "a-b", "a--x-s3", "abc", "xn--a", "Capital"];
  const endpoints = [
    undefined,
    "https://store.example:8443/s3/",
    "https://store.example",
    "http://127.0.0.1:9000",
    "http://[::1]:9000/",
    "http://localhost:9000",
  ];
  const plain: string[] = [];
  for (const region of ["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1", "auto"]) {
    for (const endpoint of endpoints) {
      for (const pathStyle of [false, true]) {
        for (const bucket of bucketNames) {
          const options = { bucket, region, pathStyle, ...(endpoint !== undefined && { endpoint }) };
          const ours = await plainBucketUrl(options, environment());
          if (ours === undefined) continue;
          const client = makeClient(options);
          assertEquals(ours.href, (await bucketUrl(client, bucket)).href, JSON.stringify(options));
          client.destroy();
          plain.push(JSON.stringify(options));
        }
      }
    }
  }
  assertEquals(plain.filter((options) => /cn-north|gov/.test(options) && !options.includes("endpoint")), []);
  assertEquals(plain.filter((options) => options.includes("images")).length, 5 * 2 * 5 + 2 * 2);
});

Deno.test("plainBucketUrl() leaves rare settings to the AWS SDK", async () => {
  const options = { bucket: "images", region: "us-east-1" };
  for (
    const name of ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_PROFILE", "AWS_CONFIG_FILE"]
  ) {
    assertEquals(await plainBucketUrl(options, environment({ [name]: "true" })), undefined, name);
  }
  const home = await Deno.makeTempDir({ prefix: "skerry-" });
  await Deno.mkdir(`${home}/.aws`);
  assertEquals(
    (await plainBucketUrl(options, environment({ HOME: home })))?.host,
    "images.s3.us-east-1.amazonaws.com",
  );
  await Deno.writeTextFile(`${home}/.aws/config`, "[default]\nuse_fips_endpoint = true\n");
  assertEquals(await plainBucketUrl(options, environment({ HOME: home })), undefined);
  await Deno.remove(home, { recursive: true });
});
