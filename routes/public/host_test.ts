import { assertEquals } from "@std/assert";
import { splitUrl } from "../http/mod.ts";
import type { Exchange } from "../middleware/mod.ts";
import { hostTest } from "./host.ts";
import type { PublicRights } from "./options.ts";

const HOSTS = ["pull.example.com", "mirror.example.com"];

/** The decision for a request with this target and these headers, from a proxy that reports hosts if `trusted`. */
async function isPublic(authority: string, headers: Record<string, string> = {}, trusted = false) {
  const forwardedHosts: PublicRights["forwardedHosts"] = (headers) =>
    trusted ? headers.get("X-Forwarded-Host")!.split(",") : undefined;
  const rights = () => Promise.resolve({ forwardedHosts } as PublicRights);
  const exchange = { url: splitUrl(`http://${authority}/v2/`), client: {} } as Exchange;
  return await hostTest({ hosts: HOSTS, rights })(new Headers(headers), exchange);
}

Deno.test("hostTest() recognizes a public host in every form of its name", async () => {
  for (
    const host of ["pull.example.com", "mirror.example.com", "PULL.Example.COM", "pull.example.com:8443"]
      .flatMap((host) => [host, host.replace(".com", ".com.")])
  ) {
    assertEquals(await isPublic(host), true, host);
    assertEquals(await isPublic(host, { Host: host }), true, host);
  }
});

Deno.test("hostTest() takes every other host for the main one", async () => {
  for (
    const host of [
      "registry.example.com",
      "example.com",
      "xpull.example.com",
      "pull.example.com.evil.test",
      "user@pull.example.com",
      "pull.example.com:80:80",
      "pull.example.com..",
      "pull.example.com%2e",
      "",
    ]
  ) {
    assertEquals(await isPublic(host), false, host);
    assertEquals(await isPublic("pull.example.com", { Host: host }), false, host);
    assertEquals(await isPublic(host, { Host: "pull.example.com" }), false, host);
  }
});

Deno.test("hostTest() takes the host that a trusted proxy reports, and only from such a proxy", async () => {
  const forwarded = (host: string) => ({ "X-Forwarded-Host": host });
  assertEquals(await isPublic("origin.internal", forwarded("pull.example.com"), true), true);
  assertEquals(await isPublic("pull.example.com", forwarded("registry.example.com"), true), false);
  assertEquals(await isPublic("registry.example.com", forwarded("pull.example.com")), false);
  assertEquals(await isPublic("pull.example.com", forwarded("registry.example.com")), true);
  // A proxy that appends leaves the one that its client has sent.
  assertEquals(await isPublic("a", forwarded("pull.example.com,registry.example.com"), true), false);
  assertEquals(await isPublic("a", forwarded("registry.example.com,pull.example.com"), true), false);
});
