import { assert, assertEquals, assertFalse, assertInstanceOf } from "@std/assert";
import { ContentMismatchError, StorageFullError } from "../../errors.ts";
import { errorOf, isTransient, S3Error, toPortError } from "./errors.ts";

function s3(status: number, code = ""): S3Error {
  return new S3Error("read", "a", { status, code });
}

/** As the SDK throws them. */
function sdk(name: string, httpStatusCode?: number): Error {
  return Object.assign(new Error(), { name, $metadata: { httpStatusCode } });
}

Deno.test("errorOf() reads the code of the answer", async () => {
  const body = '<?xml version="1.0"?>\n<Error><Code>SlowDown</Code><Message>Why</Message></Error>';
  const error = await errorOf("store", "a/b", new Response(body, { status: 503 }));
  assertEquals([error.status, error.code], [503, "SlowDown"]);
  assertEquals(error.message, 'Cannot store "a/b": the store answers 503 SlowDown');
  const bare = await errorOf("store", "a/b", new Response("<html>Bad gateway</html>", { status: 502 }));
  assertEquals([bare.status, bare.code], [502, ""]);
});

Deno.test("isTransient() is true for errors that a retry can solve", () => {
  const transient = [
    ...[408, 409, 429, 500, 502, 503, 504].flatMap((status) => [s3(status), sdk("Any", status)]),
    s3(400, "RequestTimeout"),
    s3(200, "InternalError"),
    s3(200, "SlowDown"),
    sdk("InternalError", 200),
    sdk("CredentialsProviderError"),
    new TypeError("error sending request"),
    new Deno.errors.ConnectionReset(),
    Object.assign(new Error(), { code: "ECONNRESET" }),
  ];
  for (const error of transient) assert(isTransient(error), `${error}`);
});

Deno.test("isTransient() is false for permanent errors", () => {
  const final = [
    ...[301, 307, 400, 401, 403, 404, 411, 416, 501].flatMap((status) => [s3(status), sdk("Any", status)]),
    s3(404, "NoSuchUpload"),
    s3(200, "AccessDenied"),
    s3(507),
    s3(503, "XMinioStorageFull"),
    sdk("InvalidPart", 400),
    new RangeError(),
    new Error(),
    undefined,
  ];
  for (const error of final) assertFalse(isTransient(error), `${error}`);
});

Deno.test("toPortError() names a full store and wrong content", () => {
  for (const full of [s3(507), s3(403, "QuotaExceeded"), s3(503, "XMinioStorageFull"), sdk("Any", 507)]) {
    assertInstanceOf(toPortError(full, "a"), StorageFullError);
  }
  for (const mismatch of [s3(400, "XAmzContentSHA256Mismatch"), s3(400, "BadDigest")]) {
    assertInstanceOf(toPortError(mismatch, "a"), ContentMismatchError);
  }
  for (const other of [s3(400, "InvalidRequest"), s3(403), new RangeError()]) {
    assertEquals(toPortError(other, "a"), other);
  }
});
