import { assertEquals } from "@std/assert";
import { buildApp } from "../../tests/harness/app.ts";

const ORIGIN = "https://app.example.com";
const PATHS = ["/v2/_skerry/me", "/v2/team/app/_skerry/tags"];

/** Headers of CORS in an answer, and its status. */
async function ask(origins: string[] | undefined, path: string, init: RequestInit = {}) {
  const { request } = buildApp({ ...(origins && { apiOrigins: origins }) });
  const response = await request(path, init);
  await response.body?.cancel();
  const { headers } = response;
  return {
    status: response.status,
    origin: headers.get("Access-Control-Allow-Origin"),
    methods: headers.get("Access-Control-Allow-Methods"),
    vary: headers.get("Vary"),
    credentials: headers.get("Access-Control-Allow-Credentials"),
    id: headers.has("X-Request-Id"),
  };
}

const from = (Origin: string, more = {}) => ({ headers: { Origin, ...more } });

Deno.test("crossOrigin() lets the pages of configured origins read the API", async () => {
  for (const path of PATHS) {
    const allowed = await ask([ORIGIN], path, from(ORIGIN));
    assertEquals([allowed.origin, allowed.vary, allowed.credentials, allowed.id], [
      ORIGIN,
      "Origin",
      null,
      true,
    ]);
    assertEquals((await ask([ORIGIN], path, from("https://evil.example.com"))).origin, null);
    assertEquals((await ask(["*"], path, from("https://any.example.com"))).origin, "*");
    assertEquals((await ask(["*"], path, from("https://any.example.com"))).credentials, null);
    assertEquals((await ask(undefined, path, from(ORIGIN))).origin, null);
    assertEquals((await ask([ORIGIN], path)).origin, null);
  }
});

Deno.test("crossOrigin() answers preflight requests for the API only", async () => {
  const preflight = { method: "OPTIONS", ...from(ORIGIN, { "Access-Control-Request-Method": "PUT" }) };
  for (const path of PATHS) {
    const { status, origin, methods } = await ask([ORIGIN], path, preflight);
    assertEquals([status, origin, methods], [204, ORIGIN, "GET,HEAD,PUT,DELETE"]);
    assertEquals((await ask(undefined, path, preflight)).status, 405);
    assertEquals((await ask([ORIGIN], path, { method: "OPTIONS", ...from(ORIGIN) })).status, 405);
  }
  for (const path of ["/v2/", "/v2/team/app/tags/list", "/token", "/", "/v2/_skerryx/a"]) {
    const { origin } = await ask([ORIGIN], path, preflight);
    assertEquals(origin, null, path);
    assertEquals((await ask(["*"], path, from(ORIGIN))).origin, null, path);
  }
});
