import { assertEquals, assertMatch } from "@std/assert";
import { Signer } from "./signer.ts";

/** The example of https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html. */
const AWS = {
  region: "us-east-1",
  url: new URL("https://examplebucket.s3.amazonaws.com/"),
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  signingDate: new Date("2013-05-24T00:00:00Z"),
};

function signer(more: { sessionToken?: string; expiration?: Date } = {}, url = AWS.url): Signer {
  const { region, accessKeyId, secretAccessKey } = AWS;
  return new Signer({
    region,
    url,
    credentials: () => Promise.resolve({ accessKeyId, secretAccessKey, ...more }),
  });
}

Deno.test("Signer readUrl() is the one of AWS's documentation", async () => {
  const { url, credentialsEnd } = await signer().readUrl("test.txt", 86400, AWS.signingDate);
  assertEquals(
    url,
    "https://examplebucket.s3.amazonaws.com/test.txt" +
      "?X-Amz-Algorithm=AWS4-HMAC-SHA256" +
      "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request" +
      "&X-Amz-Date=20130524T000000Z" +
      "&X-Amz-Expires=86400" +
      "&X-Amz-SignedHeaders=host" +
      "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
  );
  assertEquals(credentialsEnd, Infinity);
});

Deno.test("Signer readUrl() carries the session of temporary credentials, and says when they end", async () => {
  const expiration = new Date("2013-05-24T01:00:00Z");
  const { url, credentialsEnd } = await signer({ sessionToken: "a+/=", expiration }).readUrl("a", 900);
  assertEquals(new URL(url).searchParams.get("X-Amz-Security-Token"), "a+/=");
  assertEquals(credentialsEnd, expiration.getTime());
});

Deno.test("Signer write() signs the checksum for the store, and the session token", async () => {
  const { signingDate } = AWS;
  const request = await signer({ sessionToken: "token" }).write(
    "folder/a",
    { partNumber: "1", uploadId: "a+/=" },
    { sha256: "ab".repeat(32), signingDate },
  );
  assertEquals(
    request.url,
    "https://examplebucket.s3.amazonaws.com/folder/a?partNumber=1&uploadId=a%2B%2F%3D",
  );
  const { authorization = "", ...headers } = request.headers;
  assertEquals(headers, {
    "x-amz-content-sha256": "ab".repeat(32),
    "x-amz-date": "20130524T000000Z",
    "x-amz-security-token": "token",
  });
  assertMatch(authorization, /SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, /);
});

Deno.test("Signer write() leaves the body open where no hash is given", async () => {
  const { headers } = await signer().write("a", {});
  assertEquals(headers["x-amz-content-sha256"], "UNSIGNED-PAYLOAD");
});

Deno.test("Signer puts the key behind the path of the bucket", async () => {
  const { url } = await signer({}, new URL("http://127.0.0.1:9000/store/bucket")).write("a/b", {});
  assertEquals(url, "http://127.0.0.1:9000/store/bucket/a/b");
});
