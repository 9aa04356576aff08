import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { RegistryError } from "../oci/errors.ts";
import { source } from "../tests/harness/body_source.ts";
import { bodyOf, contentLength, discardBody, readBody } from "./request_body.ts";

const PATIENT = 60_000;

function post(body: BodyInit | null, headers: Record<string, string> = {}): Request {
  return new Request("http://localhost/", { method: "POST", body, headers });
}

Deno.test("contentLength() is the announced length when there is one", () => {
  assertEquals(contentLength(post(null)), undefined);
  assertEquals(contentLength(post(null, { "Content-Length": "0" })), 0);
  assertEquals(contentLength(post(null, { "Content-Length": "5497558138880" })), 5_497_558_138_880);
});

Deno.test("contentLength() refuses what is no length", () => {
  for (const field of ["-1", "1.5", "x", "", "1, 1", "+1", "1".repeat(16)]) {
    assertThrows(
      () => contentLength(post(null, { "Content-Length": field })),
      RegistryError,
      undefined,
      field,
    );
  }
});

Deno.test("bodyOf() is empty when the request has no body", async () => {
  assertEquals(await new Response(bodyOf(post(null))).bytes(), new Uint8Array());
});

Deno.test("readBody() takes as many bytes as the limit and not one more", async () => {
  assertEquals((await readBody(post(source([6, 4]).stream), 10, PATIENT)).byteLength, 10);
  const error = await assertRejects(() => readBody(post(source([6, 5]).stream), 10, PATIENT), RegistryError);
  assertEquals([error.status, error.code], [413, "SIZE_INVALID"]);
});

Deno.test("readBody() keeps the order of what came in pieces", async () => {
  assertEquals([...await readBody(post(source([2, 1, 1]).stream), 10, PATIENT)], [1, 1, 2, 3]);
});

Deno.test("readBody() lets a body without end go as soon as it passes the limit (CVE-2017-11468)", async () => {
  const { stream, state } = source([], "endless");
  await assertRejects(() => readBody(post(stream), 10_000, PATIENT), RegistryError);
  assert(state.cancelled);
  assert(state.pulled < 20_000, `${state.pulled} bytes were taken`);
});

Deno.test("readBody() reads nothing when the announced length is over the limit", async () => {
  const { stream, state } = source([], "endless");
  const request = post(stream, { "Content-Length": "11" });
  const error = await assertRejects(() => readBody(request, 10, PATIENT), RegistryError);
  assertEquals(error.status, 413);
  assertEquals(state.pulled, 0);
});

Deno.test("discardBody() cancels a body that nobody has read, and leaves one alone that was", async () => {
  const unread = source([1], "stall");
  await discardBody(post(unread.stream));
  assert(unread.state.cancelled);
  const read = source([1]);
  const request = post(read.stream);
  await request.bytes();
  await discardBody(request);
  assertEquals(read.state.cancelled, false);
  await discardBody(post(null));
});
