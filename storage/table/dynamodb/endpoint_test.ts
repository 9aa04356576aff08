import { assertEquals } from "@std/assert";
import { plainEndpoint } from "./endpoint.ts";
import { sdkEndpoint } from "./sdk_endpoint.ts";

const HOME = await Deno.makeTempDir({ prefix: "skerry-" });
globalThis.addEventListener("unload", () => Deno.removeSync(HOME, { recursive: true }));

const env = (name: string) => name === "HOME" ? HOME : undefined;
const ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/registry";

Deno.test("plainEndpoint() is the URL that the AWS SDK would use, or leaves it to the SDK", async () => {
  const left: string[] = [];
  for (
    const region of [
      "us-east-1",
      "eu-central-1",
      "il-central-1",
      "cn-north-1",
      "us-gov-west-1",
      "us-iso-east-1",
    ]
  ) {
    for (
      const endpoint of [
        undefined,
        "http://127.0.0.1:8000",
        "https://example.com/base/",
        "https://a.example:1/b",
      ]
    ) {
      for (const table of ["registry", ARN]) {
        const options = { table, region, ...(endpoint !== undefined && { endpoint }) };
        const ours = await plainEndpoint(options, env);
        if (ours === undefined) left.push(`${region} ${endpoint ?? "AWS"} ${table}`);
        else assertEquals(ours.href, (await sdkEndpoint(options)).href);
      }
    }
  }
  assertEquals(left.filter((one) => !one.endsWith(ARN)), [
    "cn-north-1 AWS registry",
    "us-gov-west-1 AWS registry",
    "us-iso-east-1 AWS registry",
  ]);
  assertEquals(left.length, 6 * 4 + 3);
});
