import { assertEquals } from "@std/assert";
import { fakeApp } from "../tests/harness/app.ts";

Deno.test("getBase() says that this is a registry, with and without the last slash", async () => {
  const { request } = fakeApp({});
  for (const path of ["/v2/", "/v2"]) {
    const response = await request(path);
    assertEquals(response.status, 200);
    assertEquals(response.headers.get("Docker-Distribution-API-Version"), "registry/2.0");
    assertEquals(response.headers.get("Content-Type"), "application/json");
    assertEquals(await response.json(), {});
  }
});
