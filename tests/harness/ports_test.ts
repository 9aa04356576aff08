import { assertEquals } from "@std/assert";
import { freePort } from "./ports.ts";

Deno.test("freePort() gives each port once, and none that is taken", () => {
  const ports = Array.from({ length: 200 }, freePort);
  assertEquals(new Set(ports).size, ports.length);
  for (const port of ports) Deno.listen({ hostname: "127.0.0.1", port }).close();
});
