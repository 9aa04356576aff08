import { assertEquals } from "@std/assert";
import { type ErrorCode, RegistryError } from "./errors.ts";

Deno.test("RegistryError.status is the usual one of its code when none is given", () => {
  const codes: ErrorCode[] = [
    "MANIFEST_UNKNOWN",
    "DIGEST_INVALID",
    "DENIED",
    "UNAUTHORIZED",
    "TOOMANYREQUESTS",
  ];
  assertEquals(codes.map((code) => new RegistryError(code, "Message").status), [404, 400, 403, 401, 429]);
  assertEquals(new RegistryError("SIZE_INVALID", "Message", { status: 413 }).status, 413);
});

Deno.test("RegistryError.toJSON() is the body of the specification without the parts for the log", () => {
  const error = new RegistryError("NAME_INVALID", "Message", {
    headers: { "Retry-After": "1" },
    cause: new Error("secret"),
  });
  assertEquals(JSON.parse(JSON.stringify(error)), { errors: [{ code: "NAME_INVALID", message: "Message" }] });
});

Deno.test("RegistryError.toJSON() has the detail when there is one", () => {
  const error = new RegistryError("NAME_INVALID", "Message", { detail: { name: "x" } });
  assertEquals(error.toJSON(), {
    errors: [{ code: "NAME_INVALID", message: "Message", detail: { name: "x" } }],
  });
});
