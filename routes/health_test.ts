import { assertEquals } from "@std/assert";
import { fakeApp } from "../tests/harness/app.ts";

async function statuses(request: (path: string) => Promise<Response>): Promise<number[]> {
  const responses = await Promise.all(["/livez", "/readyz", "/startupz"].map((path) => request(path)));
  return responses.map((response) => response.status);
}

Deno.test("health answers 200 when everything answers", async () => {
  const { request } = fakeApp({});
  assertEquals(await statuses(request), [200, 200, 200]);
  assertEquals(await (await request("/readyz")).text(), "ok\n");
});

Deno.test("health distinguishes a live process from a ready one", async () => {
  const { request } = fakeApp({}, { ready: () => Promise.resolve(false) });
  assertEquals(await statuses(request), [200, 503, 503]);
});

Deno.test("health is not ready if the check rejects", async () => {
  const { request } = fakeApp({}, { ready: () => Promise.reject(new Error("Table is away")) });
  assertEquals(await statuses(request), [200, 503, 503]);
});

Deno.test("health stays started when an outage comes later", async () => {
  let ready = true;
  const { request } = fakeApp({}, { ready: () => Promise.resolve(ready) });
  await statuses(request);
  ready = false;
  assertEquals(await statuses(request), [200, 503, 200]);
});

Deno.test("health lists warnings in the body of /readyz, which stays 200", async () => {
  const { request } = fakeApp({}, { warnings: () => Promise.resolve(["The disk is nearly full"]) });
  const response = await request("/readyz");
  assertEquals([response.status, await response.text()], [200, "ok\nwarning: The disk is nearly full\n"]);
});
