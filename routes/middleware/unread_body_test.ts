import { assert, assertEquals } from "@std/assert";
import { source } from "../../tests/harness/body_source.ts";
import { discardBody } from "./unread_body.ts";

function post(body: BodyInit | null): Request {
  return new Request("http://localhost/", { method: "POST", body });
}

Deno.test("discardBody() cancels an unread body, and ignores one that was read", async () => {
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
